package io.millrace.engine;

import static io.millrace.engine.GenerationEvent.FinishReason.LENGTH;
import static io.millrace.engine.GenerationEvent.FinishReason.STOP;

import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.tensor.KvCache;
import io.millrace.text.Tokenizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A request in the engine: its tokens, how many of them are in the KV cache, and its text. Used by
 * the engine's thread only.
 *
 * <p>Prefill and decode are the same thing here: the tokens from {@link #computed} to {@link
 * #length} have to go through the model; once they have, the logits of the last give the next.
 */
final class Sequence {
  private final Submission submission;
  private final Sampler sampler;
  private final Tokenizer tokenizer;
  private final int promptLength;
  private final int maxLength;
  private final TextStream text;

  private int[] tokens;
  private int length;
  private int computed;
  private int[] pages = new int[0];
  private boolean sawEndToken;

  /**
   * @param prompt token ids, at least one, fewer than {@code contextLength}
   * @param contextLength most tokens of prompt and completion together
   */
  Sequence(
      Submission submission,
      int[] prompt,
      int contextLength,
      Tokenizer tokenizer,
      Sampler sampler) {
    GenerationRequest request = submission.request();
    this.submission = submission;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.promptLength = prompt.length;
    this.maxLength = (int) Math.min(contextLength, (long) prompt.length + request.maxTokens());
    this.text = new TextStream(tokenizer, request.stop(), request.resumed().publishedChars());
    int[] saved = request.resumed().tokens();
    this.length = promptLength + Math.min(saved.length, maxLength - promptLength);
    this.tokens = Arrays.copyOf(prompt, length);
    for (int i = promptLength; i < length; i++) {
      tokens[i] = saved[i - promptLength];
      text.add(tokens[i]);
    }
  }

  /** Takes the next token from the logits of the last one, and says so to the listener. */
  void sample(float[] logits) {
    int token = sampler.sample(logits, length);
    submission.stopwatch().token();
    if (tokenizer.endOfGeneration().contains(token)) {
      sawEndToken = true;
      return;
    }
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.min(maxLength, 2 * length));
    }
    tokens[length++] = token;
    text.add(token);
    submission.emit(new GenerationEvent.Tokens(new int[] {token}, text.take()));
  }

  /** Why this sequence is at its end, if it is. */
  Optional<FinishReason> finishReason() {
    if (sawEndToken || text.stopped()) {
      return Optional.of(STOP);
    }
    return length == maxLength ? Optional.of(LENGTH) : Optional.empty();
  }

  void finish(FinishReason reason) {
    text.finish();
    String last = text.take();
    submission.emit(
        new GenerationEvent.Finished(
            reason, last, text.text(), usage(), submission.stopwatch().timings()));
  }

  void fail(GenerationError error) {
    submission.emit(
        new GenerationEvent.Failed(error, text.text(), usage(), submission.stopwatch().timings()));
  }

  private Usage usage() {
    return new Usage(promptLength, length - promptLength, 0);
  }

  boolean expired(long nowMillis) {
    OptionalLong deadline = submission.request().deadline();
    return deadline.isPresent() && deadline.getAsLong() <= nowMillis;
  }

  Submission submission() {
    return submission;
  }

  /** Tokens of prompt and completion so far. */
  int length() {
    return length;
  }

  /** Most tokens it can come to. */
  int maxLength() {
    return maxLength;
  }

  int token(int position) {
    return tokens[position];
  }

  /** Tokens whose keys and values are in the cache. */
  int computed() {
    return computed;
  }

  /** Tokens that have to go through the model before the next one can be sampled. */
  int remaining() {
    return length - computed;
  }

  void advance(int count) {
    computed += count;
  }

  /** Pages of the KV cache, in order of position. */
  int[] pages() {
    return pages;
  }

  /** Pages that it lacks to hold its first {@code positions} positions. */
  int missingPages(int positions) {
    return Math.max(0, pagesFor(positions) - pages.length);
  }

  void addPage(int page) {
    pages = Arrays.copyOf(pages, pages.length + 1);
    pages[pages.length - 1] = page;
  }

  /** Gives up its pages; what was computed is computed again when it has pages again. */
  int[] takePages() {
    int[] taken = pages;
    pages = new int[0];
    computed = 0;
    return taken;
  }

  static int pagesFor(int positions) {
    return Math.ceilDiv(positions, KvCache.PAGE_TOKENS);
  }
}
