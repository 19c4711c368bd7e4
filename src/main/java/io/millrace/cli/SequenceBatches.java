package io.millrace.cli;

import io.millrace.model.Llama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Forward passes over sequences that a command has all to itself: sequence {@code s} has the pages
 * from {@code s · pagesPerSequence} on.
 */
final class SequenceBatches {
  private SequenceBatches() {}

  /**
   * Puts the tokens of the first sequence through the model.
   *
   * @return logits {@code [1, vocabSize]} after the last of them
   */
  static Activation prefill(Llama llama, KvCache cache, int[] tokens) {
    return prefill(llama, cache, tokens, 0, cache.pages());
  }

  /** Puts the tokens of one sequence through the model, in steps of the most it takes. */
  static Activation prefill(
      Llama llama, KvCache cache, int[] tokens, int sequence, int pagesPerSequence) {
    Activation logits = null;
    int[][] pages = {pages(sequence, pagesPerSequence)};
    for (int from = 0; from < tokens.length; from += llama.maxTokens()) {
      int to = Math.min(tokens.length, from + llama.maxTokens());
      int[] outputs = to == tokens.length ? new int[] {to - from - 1} : new int[0];
      logits =
          llama.forward(
              new Batch(
                  Arrays.copyOfRange(tokens, from, to),
                  IntStream.range(from, to).toArray(),
                  new int[to - from],
                  pages,
                  outputs),
              cache);
    }
    return logits;
  }

  /** One token of each of {@code tokens.length} sequences, all at the same position. */
  static Batch decode(int[] tokens, int position, int pagesPerSequence) {
    int count = tokens.length;
    int[] positions = new int[count];
    Arrays.fill(positions, position);
    int[][] pages = new int[count][];
    Arrays.setAll(pages, sequence -> pages(sequence, pagesPerSequence));
    int[] all = IntStream.range(0, count).toArray();
    return new Batch(tokens, positions, all, pages, all);
  }

  private static int[] pages(int sequence, int pagesPerSequence) {
    int first = sequence * pagesPerSequence;
    return IntStream.range(first, first + pagesPerSequence).toArray();
  }
}
