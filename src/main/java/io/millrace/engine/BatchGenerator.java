package io.millrace.engine;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.Scheduler.Part;
import io.millrace.engine.Scheduler.Step;
import io.millrace.engine.grammar.Grammar;
import io.millrace.engine.grammar.SchemaException;
import io.millrace.model.Llama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.KvCache;
import io.millrace.text.Tokenizer;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching, step by step: all active sequences go through the model together, and join
 * and leave the batch at every step. Used by one thread at a time.
 */
final class BatchGenerator implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BatchGenerator.class);

  private final Supplier<Transformer> reload;
  private final Tokenizer tokenizer;
  private final InstantSource clock;
  private final KvPages pages;
  private final Scheduler scheduler;
  private final Candidates candidates;
  private final float[] logits;
  private final Throughput throughput = new Throughput();
  private final RequestCheck check;
  private Transformer transformer;
  private KvCache cache;
  private EngineListener listener = EngineListener.NONE;
  private boolean open = true;

  /**
   * @param transformer closed by {@link #close}
   * @param reload gives another one, when a step has failed
   * @param slots most sequences that run at the same time
   * @param pageCount pages of the KV cache, which is allocated here
   * @param clock tells when deadlines have passed
   */
  BatchGenerator(
      Transformer transformer,
      Supplier<Transformer> reload,
      Tokenizer tokenizer,
      int slots,
      int pageCount,
      InstantSource clock) {
    Llama llama = transformer.llama();
    this.transformer = transformer;
    this.reload = reload;
    this.tokenizer = tokenizer;
    this.clock = clock;
    this.cache = transformer.allocateCache(pageCount);
    this.pages = new KvPages(pageCount);
    this.scheduler = new Scheduler(pages, slots, llama.maxTokens());
    this.candidates = new Candidates(llama.config().vocabSize());
    this.logits = new float[llama.config().vocabSize()];
    int contextLength =
        (int) Math.min(llama.config().contextLength(), (long) pageCount * KvCache.PAGE_TOKENS);
    this.check = new RequestCheck(contextLength, llama.config().vocabSize());
  }

  /** Most tokens of a sequence: what the model was trained for, if the pages suffice. */
  int contextLength() {
    return check.contextLength();
  }

  /**
   * Takes a request; one that cannot be generated fails at once.
   *
   * @param grammar what the text may be, if not any
   */
  void add(Submission submission, int[] prompt, Optional<Grammar> grammar) {
    Optional<GenerationError> error = check.error(submission.request(), prompt.length);
    if (error.isPresent()) {
      refuse(submission, prompt.length, error.get());
      return;
    }
    try {
      start(submission, prompt, grammar);
    } catch (SchemaException e) {
      refuse(submission, prompt.length, schemaError(e));
    } catch (RuntimeException e) {
      log.warn("Request {} cannot start", submission.request().id(), e);
      String message = "it cannot start: " + e.getMessage();
      refuse(submission, prompt.length, new GenerationError(Kind.ENGINE_ERROR, message, ""));
    }
  }

  private void start(Submission submission, int[] prompt, Optional<Grammar> grammar) {
    Sequence sequence =
        new Sequence(submission, prompt, contextLength(), tokenizer, candidates, grammar);
    // An earlier attempt may have generated all there is, without its end being known.
    sequence.finishReason().ifPresentOrElse(sequence::finish, () -> scheduler.add(sequence));
  }

  /** Fails a request that has not become a sequence. */
  void refuse(Submission submission, int promptTokens, GenerationError error) {
    Usage usage = new Usage(promptTokens, 0, 0);
    submission.emit(new GenerationEvent.Failed(error, "", usage, submission.stopwatch().timings()));
  }

  boolean isIdle() {
    return scheduler.isEmpty();
  }

  /** One step: at most a token for each sequence. */
  void step() {
    endCancelledAndExpired();
    Step step = scheduler.next();
    if (step.parts().isEmpty()) {
      return;
    }
    List<Sequence> sampling =
        step.parts().stream().filter(Part::samples).map(Part::sequence).toList();
    step.parts().forEach(part -> part.sequence().submission().stopwatch().step(part.count()));
    long start = System.nanoTime();
    Activation rows;
    try {
      rows = transformer.llama().forward(step.batch(), cache, factors(sampling));
    } catch (RuntimeException e) {
      log.error("A step failed; the requests that run end with engine_error", e);
      failRunning("the backend failed: " + e.getMessage());
      rebuild();
      return;
    }
    scheduler.computed(step, secondsSince(start));
    for (int row = 0; row < sampling.size(); row++) {
      sample(sampling.get(row), rows, row);
    }
    double seconds = secondsSince(start);
    throughput.add(sampling.size(), seconds);
    listener.step(step.report(seconds));
  }

  /** From now on the listener hears how the generator gets on. */
  void listen(EngineListener newListener) {
    listener = newListener;
  }

  private static double secondsSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }

  private void endCancelledAndExpired() {
    long now = clock.millis();
    for (Sequence sequence : scheduler.all()) {
      if (sequence.submission().cancelled()) {
        fail(sequence, Kind.CANCELLED, "the request was cancelled");
      } else if (sequence.expired(now)) {
        fail(sequence, Kind.DEADLINE_EXCEEDED, "the deadline has passed");
      }
    }
  }

  /** One sequence's next token; what goes wrong here is this sequence's fault alone. */
  private void sample(Sequence sequence, Activation rows, int row) {
    try {
      if (!takeLikeliest(sequence, row) && !takeAmongLikeliest(sequence, row)) {
        transformer.backend().read(rows, row, logits);
        sequence.sample(logits);
      }
      sequence.submission().stopwatch().tell(listener);
      sequence
          .finishReason()
          .ifPresent(reason -> {
            scheduler.remove(sequence);
            sequence.finish(reason);
          });
    } catch (SchemaException e) {
      fail(sequence, schemaError(e));
    } catch (RuntimeException e) {
      log.warn("Request {} failed", sequence.submission().request().id(), e);
      fail(sequence, Kind.ENGINE_ERROR, "sampling failed: " + e.getMessage());
    }
  }

  private boolean takeLikeliest(Sequence sequence, int row) {
    OptionalInt likeliest =
        sequence.takesLikeliest() ? transformer.llama().likeliest(row) : OptionalInt.empty();
    likeliest.ifPresent(sequence::take);
    return likeliest.isPresent();
  }

  private boolean takeAmongLikeliest(Sequence sequence, int row) {
    return sequence.choosesAmongLikeliest()
        && transformer.llama().top(row).filter(sequence::takeFrom).isPresent();
  }

  /** What the largest logits are asked for with; none when no sequence has a use for them. */
  private static float[] factors(List<Sequence> sampling) {
    if (sampling.stream().noneMatch(Sequence::choosesAmongLikeliest)) {
      return new float[0];
    }
    float[] factors = new float[sampling.size()];
    for (int row = 0; row < factors.length; row++) {
      Sequence sequence = sampling.get(row);
      factors[row] = sequence.choosesAmongLikeliest() ? (float) (1 / sequence.temperature()) : 0;
    }
    return factors;
  }

  private void failRunning(String message) {
    scheduler.running().forEach(sequence -> fail(sequence, Kind.ENGINE_ERROR, message));
    pages.forgetAll();
  }

  /**
   * Loads the model again: after a failure nothing in the backend can be relied on.
   *
   * @throws RuntimeException when that fails too
   */
  private void rebuild() {
    close();
    transformer = reload.get();
    cache = transformer.allocateCache(pages.total());
    open = true;
    log.info("Loaded the model again");
  }

  /** Fails all requests, waiting and running, when the engine cannot go on. */
  void failAll(String message) {
    scheduler.all().forEach(sequence -> fail(sequence, Kind.ENGINE_ERROR, message));
  }

  private void fail(Sequence sequence, Kind kind, String message) {
    fail(sequence, new GenerationError(kind, message, ""));
  }

  private void fail(Sequence sequence, GenerationError error) {
    scheduler.remove(sequence);
    sequence.fail(error);
  }

  /** What a schema asks for cannot be generated, which may show only on the way. */
  static GenerationError schemaError(SchemaException e) {
    return new GenerationError(Kind.INVALID_REQUEST, e.getMessage(), "response_format");
  }

  EngineStatus status() {
    return new EngineStatus(
        scheduler.runningCount(),
        scheduler.waitingCount(),
        scheduler.queuedTokens(),
        throughput.perSecond(),
        pages.used(),
        pages.total(),
        true);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      cache.close();
      transformer.close();
    }
  }
}
