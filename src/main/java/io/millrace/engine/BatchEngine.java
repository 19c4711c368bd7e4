package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.Scheduler.Part;
import io.millrace.engine.Scheduler.Step;
import io.millrace.model.Llama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.KvCache;
import io.millrace.text.Tokenizer;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching: all active sequences go through the model together, and join and leave the
 * batch at every step.
 *
 * <p>One thread owns the model, the scheduler and all sequences. Prompts are tokenized on another,
 * so that a long one does not hold up the batch.
 */
public final class BatchEngine implements Engine {
  private static final Logger log = LoggerFactory.getLogger(BatchEngine.class);

  private final Llama llama;
  private final Backend backend;
  private final Tokenizer tokenizer;
  private final EngineInfo info;
  private final InstantSource clock;
  private final KvCache cache;
  private final Scheduler scheduler;
  private final Candidates candidates;
  private final float[] logits;
  private final Throughput throughput = new Throughput();
  private final AtomicLong arrivals = new AtomicLong();
  private final BlockingQueue<Runnable> inbox = new LinkedBlockingQueue<>();
  private final ExecutorService intake;
  private final Thread thread;
  private volatile EngineStatus status;
  private volatile boolean closed;

  private BatchEngine(
      Llama llama, Backend backend, Tokenizer tokenizer, Settings settings, InstantSource clock) {
    this.llama = llama;
    this.backend = backend;
    this.tokenizer = tokenizer;
    this.clock = clock;
    this.cache = backend.allocate(llama.config().kvShape(), settings.pages());
    this.scheduler =
        new Scheduler(new PagePool(settings.pages()), settings.slots(), llama.maxTokens());
    this.candidates = new Candidates(llama.config().vocabSize());
    this.logits = new float[llama.config().vocabSize()];
    this.info =
        new EngineInfo(
            settings.fingerprint(),
            settings.build(),
            settings.slots(),
            (int)
                Math.min(
                    llama.config().contextLength(), (long) settings.pages() * KvCache.PAGE_TOKENS));
    this.status = new EngineStatus(0, 0, 0, 0, 0, settings.pages(), true);
    this.intake =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("millrace-intake").daemon().factory());
    this.thread = Thread.ofPlatform().name("millrace-engine").daemon().unstarted(this::run);
  }

  /**
   * How an engine is set up.
   *
   * @param slots most sequences that run at the same time
   * @param pages of the KV cache, which is allocated once
   * @param fingerprint of weights and tokenizer
   * @param build version and backend
   */
  public record Settings(int slots, int pages, String fingerprint, String build) {
    public Settings {
      if (slots < 1 || pages < 1) {
        throw new IllegalArgumentException(
            "%d slots and %d pages, expected at least 1 of each".formatted(slots, pages));
      }
    }
  }

  /**
   * An engine that runs until it is closed. It uses {@code llama} and {@code backend} but does not
   * close them.
   *
   * @param clock tells when deadlines have passed
   */
  public static BatchEngine start(
      Llama llama, Backend backend, Tokenizer tokenizer, Settings settings, InstantSource clock) {
    if (llama.maxTokens() < settings.slots() || llama.maxOutputs() < settings.slots()) {
      throw new IllegalArgumentException(
          "%d slots, the model was loaded for batches of %d tokens and %d outputs"
              .formatted(settings.slots(), llama.maxTokens(), llama.maxOutputs()));
    }
    BatchEngine engine = new BatchEngine(llama, backend, tokenizer, settings, clock);
    engine.thread.start();
    return engine;
  }

  @Override
  public Generation submit(GenerationRequest request, Consumer<? super GenerationEvent> listener) {
    requireNonNull(listener, "listener is null");
    Stopwatch stopwatch = new Stopwatch(System::nanoTime);
    Submission submission =
        new Submission(request, listener, arrivals.incrementAndGet(), stopwatch);
    intake.execute(() -> prepare(submission));
    return submission;
  }

  @Override
  public EngineInfo info() {
    return info;
  }

  @Override
  public EngineStatus status() {
    return status;
  }

  @Override
  public void close() {
    closed = true;
    intake.shutdownNow();
    inbox.add(() -> {});
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tokenizes a prompt and hands it to the engine's thread. */
  private void prepare(Submission submission) {
    try {
      int[] prompt = tokenizer.encodePrompt(submission.request().prompt());
      inbox.add(() -> enter(submission, prompt));
    } catch (RuntimeException e) {
      GenerationError error =
          new GenerationError(
              Kind.INVALID_REQUEST, "the prompt cannot be tokenized: " + e.getMessage(), "prompt");
      inbox.add(() -> refuse(submission, 0, error));
    }
  }

  private void enter(Submission submission, int[] prompt) {
    if (prompt.length == 0) {
      refuse(
          submission,
          0,
          new GenerationError(Kind.INVALID_REQUEST, "the prompt is empty", "prompt"));
    } else if (prompt.length >= info.contextLength()) {
      String message =
          "the prompt has %d tokens; with at least one token of completion, this worker has room for %d"
              .formatted(prompt.length, info.contextLength());
      refuse(
          submission,
          prompt.length,
          new GenerationError(Kind.CONTEXT_LENGTH_EXCEEDED, message, "prompt"));
    } else {
      Sampler sampler = Sampler.of(submission.request().sampling(), candidates);
      Sequence sequence =
          new Sequence(submission, prompt, info.contextLength(), tokenizer, sampler);
      // An earlier attempt may have generated all there is, without its end being known.
      sequence.finishReason().ifPresentOrElse(sequence::finish, () -> scheduler.add(sequence));
    }
  }

  private static void refuse(Submission submission, int promptTokens, GenerationError error) {
    submission.emit(
        new GenerationEvent.Failed(
            error, "", new Usage(promptTokens, 0, 0), submission.stopwatch().timings()));
  }

  private void run() {
    while (!closed) {
      try {
        readInbox();
        endCancelledAndExpired();
        Step step = scheduler.next();
        if (!step.parts().isEmpty()) {
          compute(step);
        }
        updateStatus();
      } catch (InterruptedException e) {
        break;
      }
    }
    cache.close();
  }

  /** Waits for something to do when there is nothing. */
  private void readInbox() throws InterruptedException {
    Runnable message = scheduler.isEmpty() ? inbox.take() : inbox.poll();
    while (message != null) {
      message.run();
      message = inbox.poll();
    }
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

  private void compute(Step step) {
    long start = System.nanoTime();
    Activation rows;
    try {
      step.parts().forEach(part -> part.sequence().submission().stopwatch().step(part.count()));
      rows = llama.forward(step.batch(), cache);
    } catch (RuntimeException e) {
      log.error("A step failed; the requests in it end with engine_error", e);
      for (Part part : step.parts()) {
        fail(part.sequence(), Kind.ENGINE_ERROR, "the backend failed: " + e.getMessage());
      }
      return;
    }
    int row = 0;
    for (Part part : step.parts()) {
      boolean samples = part.samples();
      part.sequence().advance(part.count());
      if (samples) {
        sample(part.sequence(), rows, row++);
      }
    }
    throughput.add(row, (System.nanoTime() - start) / 1e9);
  }

  /** One sequence's next token; what goes wrong here is this sequence's fault alone. */
  private void sample(Sequence sequence, Activation rows, int row) {
    try {
      backend.read(rows, row, logits);
      sequence.sample(logits);
      sequence
          .finishReason()
          .ifPresent(reason -> {
            scheduler.remove(sequence);
            sequence.finish(reason);
          });
    } catch (RuntimeException e) {
      log.warn("Request {} failed", sequence.submission().request().id(), e);
      fail(sequence, Kind.ENGINE_ERROR, "sampling failed: " + e.getMessage());
    }
  }

  private void fail(Sequence sequence, Kind kind, String message) {
    scheduler.remove(sequence);
    sequence.fail(new GenerationError(kind, message, ""));
  }

  private void updateStatus() {
    status =
        new EngineStatus(
            scheduler.runningCount(),
            scheduler.waitingCount(),
            scheduler.queuedTokens(),
            throughput.perSecond(),
            scheduler.pool().used(),
            scheduler.pool().total(),
            true);
  }
}
