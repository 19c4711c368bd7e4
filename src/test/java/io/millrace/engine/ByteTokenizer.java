package io.millrace.engine;

import io.millrace.text.MarkedText;
import io.millrace.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** A token for every byte, then beginning and end of sequence. */
class ByteTokenizer implements Tokenizer {
  static final int BEGIN = 256;
  static final int END = 257;
  static final int VOCAB_SIZE = 258;

  @Override
  public int vocabSize() {
    return VOCAB_SIZE;
  }

  @Override
  public int[] encode(String text, SpecialTokens specialTokens) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = bytes[i] & 0xFF;
    }
    return tokens;
  }

  @Override
  public int[] encodePrompt(MarkedText text) {
    int[] tokens = encode(text.text(), SpecialTokens.PARSE);
    int[] prompt = new int[tokens.length + 1];
    prompt[0] = BEGIN;
    System.arraycopy(tokens, 0, prompt, 1, tokens.length);
    return prompt;
  }

  @Override
  public Set<Integer> endOfGeneration() {
    return Set.of(END);
  }

  @Override
  public byte[] bytes(int token) {
    return token < 256 ? new byte[] {(byte) token} : new byte[0];
  }

  @Override
  public String piece(int token) {
    return "<" + token + ">";
  }
}
