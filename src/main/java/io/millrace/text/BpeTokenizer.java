package io.millrace.text;

import io.millrace.text.SpecialTokenSplitter.Part;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A tokenizer of Hugging Face's library. Texts are split at special tokens before the library sees
 * them, so that it knows none; tokens are turned into bytes here.
 */
public final class BpeTokenizer implements Tokenizer {
  private final TokenTable table;
  private final SequenceEnds ends;
  private final SpecialTokenSplitter specialTokens;
  private final NativeBpe beginning;
  private final NativeBpe continuing;

  /**
   * @param beginning encodes a text from its beginning
   * @param continuing encodes a text after a special token
   */
  BpeTokenizer(TokenTable table, NativeBpe beginning, NativeBpe continuing) {
    this.table = table;
    this.ends =
        new SequenceEnds(
            table.addBos() ? table.bos() : OptionalInt.empty(),
            table.addEos() ? table.eos() : OptionalInt.empty());
    this.specialTokens = new SpecialTokenSplitter(table.special());
    this.beginning = beginning;
    this.continuing = continuing;
  }

  /**
   * The tokenizer of a byte-level vocabulary.
   *
   * @throws IllegalArgumentException when the library refuses it
   * @throws IllegalStateException when there is no library for this platform
   */
  public static BpeTokenizer of(BpeVocabulary vocabulary) {
    NativeBpe bpe = NativeBpe.load(BpeDefinition.write(vocabulary));
    return new BpeTokenizer(vocabulary.table(), bpe, bpe);
  }

  @Override
  public int vocabSize() {
    return table.pieces().size();
  }

  @Override
  public int[] encode(String text, SpecialTokens parse) {
    return switch (parse) {
      case PARSE -> encode(MarkedText.trusted(text));
      case AS_TEXT -> encode(MarkedText.verbatim(text));
    };
  }

  @Override
  public int[] encodePrompt(MarkedText text) {
    return ends.around(encode(text));
  }

  @Override
  public Set<Integer> endOfGeneration() {
    return table.endOfGeneration();
  }

  @Override
  public byte[] bytes(int token) {
    return table.bytes().get(token).clone();
  }

  @Override
  public String piece(int token) {
    return table.pieces().get(token);
  }

  private int[] encode(MarkedText text) {
    UnicodeText.require(text.text());
    List<Part> parts = specialTokens.split(text);
    return IntStream.range(0, parts.size())
        .mapToObj(i ->
            switch (parts.get(i)) {
              case Part.Token(SpecialToken token) -> new int[] {token.id()};
              case Part.Text(String part) -> (i == 0 ? beginning : continuing).encode(part);
            })
        .flatMapToInt(IntStream::of)
        .toArray();
  }
}
