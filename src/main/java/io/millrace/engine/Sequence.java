package io.millrace.engine;

import static io.millrace.engine.GenerationEvent.FinishReason.LENGTH;
import static io.millrace.engine.GenerationEvent.FinishReason.STOP;

import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.grammar.Grammar;
import io.millrace.engine.grammar.GrammarMatcher;
import io.millrace.model.TopLogits;
import io.millrace.tensor.KvCache;
import io.millrace.text.Tokenizer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A request in the engine: its tokens, how many of them are in the KV cache, and its text. Used by
 * the engine's thread only.
 *
 * <p>Prefill and decode are the same thing here: the tokens from {@link #computed} to {@link
 * #length} have to go through the model; once they have, the logits of the last give the next.
 */
final class Sequence {
  private final Submission submission;
  private final TokenHistory history;
  private final Set<Integer> endTokens;
  private final List<LogitsProcessor> processors;
  private final Optional<GrammarMatcher> matcher;
  private final Sampler sampler;
  private final Optional<TopSampler> topSampler;
  private final Optional<Logprobs> logprobs;
  private final Tokenizer tokenizer;
  private final int maxLength;
  private final TextStream text;

  private int computed;
  private int[] pages = new int[0];
  private int sharedPages;
  private long chain = KvPages.ROOT;
  private boolean preempted;
  private int cachedTokens;
  private boolean sawEndToken;

  /**
   * @param prompt token ids, at least one, fewer than {@code contextLength}
   * @param contextLength most tokens of prompt and completion together
   * @param candidates scratch of its samplers, which sequences may share
   * @param grammar what the text may be, if not any
   * @throws IllegalArgumentException when an earlier attempt's tokens are not what it may be
   */
  Sequence(
      Submission submission,
      int[] prompt,
      int contextLength,
      Tokenizer tokenizer,
      Candidates candidates,
      Optional<Grammar> grammar) {
    GenerationRequest request = submission.request();
    this.submission = submission;
    this.sampler = Sampler.of(request.sampling(), candidates);
    this.topSampler =
        Optional.of(new TopSampler(request.sampling(), candidates))
            .filter(_ -> TopSampler.suits(request.sampling()));
    this.tokenizer = tokenizer;
    this.logprobs = request.topLogprobs().stream().mapToObj(Logprobs::new).findFirst();
    this.history = new TokenHistory(prompt);
    this.endTokens = endTokens(request.stop(), tokenizer);
    this.matcher = grammar.map(Grammar::matcher);
    this.processors = LogitsProcessor.of(request.sampling(), request.stop(), endTokens);
    this.maxLength = (int) Math.min(contextLength, (long) prompt.length + request.maxTokens());
    this.text = new TextStream(tokenizer, request.stop(), request.resumed().publishedChars());
    int[] saved = request.resumed().tokens();
    IntStream.of(saved).limit(maxLength - prompt.length).forEach(this::add);
  }

  private static Set<Integer> endTokens(StopConditions stop, Tokenizer tokenizer) {
    Set<Integer> tokens = new HashSet<>(stop.tokens());
    if (!stop.ignoreEndTokens()) {
      tokens.addAll(tokenizer.endOfGeneration());
    }
    return Set.copyOf(tokens);
  }

  /** Whether its next token is simply the likeliest: {@link #take} will do. */
  boolean takesLikeliest() {
    return submission.request().sampling().temperature() == 0
        && processors.isEmpty()
        && matcher.isEmpty()
        && logprobs.isEmpty();
  }

  /** Whether its next token may be chosen among the likeliest alone: {@link #takeFrom} may do. */
  boolean choosesAmongLikeliest() {
    return topSampler.isPresent()
        && processors.isEmpty()
        && matcher.isEmpty()
        && logprobs.isEmpty();
  }

  double temperature() {
    return submission.request().sampling().temperature();
  }

  /** Takes the next token from the largest logits of the last one, if they suffice. */
  boolean takeFrom(TopLogits top) {
    OptionalInt token = topSampler.orElseThrow().sample(top, length());
    token.ifPresent(this::take);
    return token.isPresent();
  }

  /**
   * Takes the next token from the logits of the last one, and says so to the listener.
   *
   * @param logits {@code [vocabSize]}, overwritten
   * @throws ArithmeticException when they are no distribution
   */
  void sample(float[] logits) {
    Logits.check(logits);
    float[] raw = logprobs.isPresent() ? logits.clone() : logits;
    matcher.ifPresent(rules -> rules.mask(logits, endTokens));
    processors.forEach(processor -> processor.process(logits, history));
    int token = sampler.sample(logits, length());
    take(
        token,
        logprobs.map(kept -> kept.of(raw, token, text.decodedChars(), tokenizer)).stream()
            .toList());
  }

  /** Takes the next token, and says so to the listener. */
  void take(int token) {
    take(token, List.of());
  }

  private void take(int token, List<TokenLogprobs> likelihood) {
    submission.stopwatch().token();
    if (endTokens.contains(token)) {
      sawEndToken = true;
      return;
    }
    add(token);
    submission.emit(new GenerationEvent.Tokens(new int[] {token}, text.take(), likelihood));
  }

  private void add(int token) {
    matcher.ifPresent(rules -> rules.accept(token));
    history.add(token);
    text.add(token);
  }

  /** Why this sequence is at its end, if it is. */
  Optional<FinishReason> finishReason() {
    if (submission.request().resumed().end().isPresent()) {
      return submission.request().resumed().end();
    }
    if (sawEndToken || text.stopped() || matcher.filter(GrammarMatcher::isComplete).isPresent()) {
      return Optional.of(STOP);
    }
    return length() == maxLength ? Optional.of(LENGTH) : Optional.empty();
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
    int promptLength = history.promptLength();
    return new Usage(promptLength, history.generated(), Math.min(cachedTokens, promptLength));
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
    return history.length();
  }

  /** Most tokens it can come to. */
  int maxLength() {
    return maxLength;
  }

  int token(int position) {
    return history.token(position);
  }

  /** Tokens whose keys and values are in the cache. */
  int computed() {
    return computed;
  }

  /** Tokens that have to go through the model before the next one can be sampled. */
  int remaining() {
    return length() - computed;
  }

  /** Pages of the KV cache, in order of position. */
  int[] pages() {
    return pages;
  }

  /** Pages that it lacks to hold its first {@code positions} positions. */
  int missingPages(int positions) {
    return Math.max(0, KvPages.pagesFor(positions) - pages.length);
  }

  void addPage(int page) {
    pages = Arrays.copyOf(pages, pages.length + 1);
    pages[pages.length - 1] = page;
  }

  /**
   * What is in the page that is computed next, if that is a page of known tokens which other
   * sequences may have in common with this one. Never the page of the last token, which has to go
   * through the model to give logits.
   */
  private Optional<KvPages.Key> nextPage() {
    boolean atItsStart = computed == sharedPages * KvCache.PAGE_TOKENS;
    boolean whole = (sharedPages + 1) * KvCache.PAGE_TOKENS < length();
    return atItsStart && whole ? Optional.of(key(sharedPages)) : Optional.empty();
  }

  /** What will be in the page that it computes now, if all of that page's tokens are known. */
  Optional<KvPages.Key> pageUnderWay() {
    boolean whole = (sharedPages + 1) * KvCache.PAGE_TOKENS <= length();
    return whole ? Optional.of(key(sharedPages)) : Optional.empty();
  }

  /** Takes pages from the cache for as many of its next tokens as are there. */
  void takeShared(KvPages cache) {
    if (pages.length > sharedPages) {
      return; // it has begun to compute the next page itself
    }
    if (computed == 0 && !preempted) {
      cachedTokens = 0; // an admission that came to nothing may have counted some
    }
    for (var key = nextPage(); key.isPresent(); key = nextPage()) {
      KvPages.Entry entry = cache.find(key.get());
      if (entry == null) {
        return;
      }
      addPage(entry.page());
      sharedPages++;
      chain = entry.chain();
      computed += KvCache.PAGE_TOKENS;
      if (!preempted) {
        cachedTokens += KvCache.PAGE_TOKENS;
      }
    }
  }

  /** Its next {@code count} tokens were computed; pages that are full now can be shared. */
  void advance(int count, KvPages cache) {
    computed += count;
    while ((sharedPages + 1) * KvCache.PAGE_TOKENS <= computed) {
      chain = cache.share(pages[sharedPages], key(sharedPages));
      sharedPages++;
    }
  }

  /** Gives its pages back. */
  void releasePages(KvPages cache) {
    cache.release(pages, pages.length);
    pages = new int[0];
    computed = 0;
    sharedPages = 0;
    chain = KvPages.ROOT;
  }

  /** Makes room for others: gives its pages back, to go on later with what it has. */
  void preempt(KvPages cache) {
    preempted = true;
    releasePages(cache);
  }

  private KvPages.Key key(int page) {
    int from = page * KvCache.PAGE_TOKENS;
    return new KvPages.Key(chain, history.range(from, from + KvCache.PAGE_TOKENS));
  }
}
