package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.model.Llama;
import io.millrace.tensor.Backend;
import io.millrace.text.Tokenizer;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The engine on a model of this machine. One thread owns the model and all sequences; prompts are
 * tokenized on another, so that a long one does not hold up the batch.
 */
public final class BatchEngine implements Engine {
  private final BatchGenerator generator;
  private final Tokenizer tokenizer;
  private final EngineInfo info;
  private final AtomicLong arrivals = new AtomicLong();
  private final BlockingQueue<Runnable> inbox = new LinkedBlockingQueue<>();
  private final ExecutorService intake;
  private final Thread thread;
  private volatile EngineStatus status;
  private volatile boolean closed;

  private BatchEngine(BatchGenerator generator, Tokenizer tokenizer, Settings settings) {
    this.generator = generator;
    this.tokenizer = tokenizer;
    this.info =
        new EngineInfo(
            settings.fingerprint(),
            settings.build(),
            settings.slots(),
            generator.contextLength());
    this.status = generator.status();
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
    BatchGenerator generator =
        new BatchGenerator(
            llama, backend, tokenizer, settings.slots(), settings.pages(), clock);
    BatchEngine engine = new BatchEngine(generator, tokenizer, settings);
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

  /** Tokenizes a prompt and hands it to the engine's thread. */
  private void prepare(Submission submission) {
    try {
      int[] prompt = tokenizer.encodePrompt(submission.request().prompt());
      inbox.add(() -> generator.add(submission, prompt));
    } catch (RuntimeException e) {
      String message = "the prompt cannot be tokenized: " + e.getMessage();
      GenerationError error = new GenerationError(Kind.INVALID_REQUEST, message, "prompt");
      inbox.add(() -> generator.refuse(submission, 0, error));
    }
  }

  private void run() {
    try (generator) {
      while (!closed) {
        readInbox();
        generator.step();
        status = generator.status();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for something to do when there is nothing. */
  private void readInbox() throws InterruptedException {
    Runnable message = generator.isIdle() ? inbox.take() : inbox.poll();
    while (message != null) {
      message.run();
      message = inbox.poll();
    }
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
}
