package io.millrace.tensor;

/**
 * The tokens of one forward pass, ragged: any number of tokens of any number of sequences. The
 * tokens of a sequence stand together and in order of their positions; all positions before them
 * are in the KV cache already.
 *
 * @param tokens {@code [n]} token ids
 * @param positions {@code [n]} position of each token in its sequence, from 0
 * @param sequences {@code [n]} index into {@code pages} of the sequence that each token belongs to
 * @param pages {@code [sequences][]} pages of the KV cache: position {@code p} of sequence {@code
 *     s} is row {@code p % PAGE_TOKENS} of page {@code pages[s][p / PAGE_TOKENS]}
 * @param outputs rows (indices into {@code tokens}, ascending) whose logits are wanted
 */
public record Batch(int[] tokens, int[] positions, int[] sequences, int[][] pages, int[] outputs) {
  /** Tokens in this pass. */
  public int size() {
    return tokens.length;
  }
}
