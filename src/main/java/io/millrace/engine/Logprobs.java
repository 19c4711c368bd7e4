package io.millrace.engine;

import io.millrace.engine.TokenLogprobs.Entry;
import io.millrace.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** Log-probabilities of a row of logits: a sampled token's and the largest. */
final class Logprobs {
  /** JSON has no infinity. What is this unlikely is never sampled; vLLM writes the same. */
  private static final double LEAST = -9_999;

  private final int[] ids;
  private final float[] largest;
  private double logSum;

  /**
   * @param top how many of the likeliest tokens to keep
   */
  Logprobs(int top) {
    ids = new int[top];
    largest = new float[top];
  }

  /**
   * @param logits {@code [vocabSize]} as the model gave them, none of them NaN
   * @param token the sampled one
   * @param textOffset characters of the text before the token
   */
  TokenLogprobs of(float[] logits, int token, int textOffset, Tokenizer tokenizer) {
    read(logits);
    Entry[] top = new Entry[Math.min(ids.length, logits.length)];
    Arrays.setAll(top, i -> entry(ids[i], largest[i], tokenizer));
    return new TokenLogprobs(
        entry(token, logits[token], tokenizer), textOffset, Arrays.asList(top));
  }

  private void read(float[] logits) {
    Arrays.fill(largest, Float.NEGATIVE_INFINITY);
    Arrays.fill(ids, 0);
    int kept = 0;
    double max = Double.NEGATIVE_INFINITY;
    for (int id = 0; id < logits.length; id++) {
      max = Math.max(max, logits[id]);
      if (kept < ids.length || kept > 0 && logits[id] > largest[kept - 1]) {
        kept = Math.min(kept + 1, ids.length);
        insert(id, logits[id], kept - 1);
      }
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    logSum = max + Math.log(sum);
  }

  /** Puts a token in its place before {@code last}, behind those that are as likely. */
  private void insert(int id, float logit, int last) {
    int place = last;
    for (; place > 0 && logit > largest[place - 1]; place--) {
      largest[place] = largest[place - 1];
      ids[place] = ids[place - 1];
    }
    largest[place] = logit;
    ids[place] = id;
  }

  private Entry entry(int id, float logit, Tokenizer tokenizer) {
    return new Entry(id, text(id, tokenizer), Math.max(LEAST, logit - logSum));
  }

  private static String text(int id, Tokenizer tokenizer) {
    if (id >= tokenizer.vocabSize()) {
      return ""; // a row of the output matrix that only fills it up
    }
    byte[] bytes = tokenizer.bytes(id);
    if (bytes.length == 0) {
      return tokenizer.piece(id);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return "bytes:" + HexFormat.of().withPrefix("\\x").formatHex(bytes);
    }
  }
}
