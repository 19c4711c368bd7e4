package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.grammar.Grammar;
import io.millrace.engine.grammar.Grammars;
import io.millrace.engine.grammar.SchemaException;
import io.millrace.model.Llama;
import io.millrace.text.Tokenizer;
import io.millrace.text.chat.ChatTemplate;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine on a model of this machine. One thread owns the model and all sequences; prompts are
 * tokenized on another, so that a long one does not hold up the batch.
 */
public final class BatchEngine implements Engine {
  private static final Logger log = LoggerFactory.getLogger(BatchEngine.class);

  private final BatchGenerator generator;
  private final PromptEncoder encoder;
  private final Grammars grammars;
  private final EngineInfo info;
  private final LongSupplier nanoTime;
  private final StepWatch watch;
  private final AtomicLong arrivals = new AtomicLong();
  private final BlockingQueue<Runnable> inbox = new LinkedBlockingQueue<>();
  private final ExecutorService intake;
  private final Thread thread;
  private volatile EngineStatus status;
  private volatile boolean broken;
  private volatile boolean closed;

  private BatchEngine(
      BatchGenerator generator,
      PromptEncoder encoder,
      Grammars grammars,
      Settings settings,
      LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.watch = new StepWatch(nanoTime);
    this.generator = generator;
    this.encoder = encoder;
    this.grammars = grammars;
    this.info =
        new EngineInfo(
            settings.fingerprint(), settings.build(), settings.slots(), generator.contextLength());
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
   * An engine that runs until it is closed.
   *
   * @param transformer closed with the engine
   * @param reload gives another one, when the backend has failed
   * @param template makes conversations into prompts; without one they are refused
   * @param clock tells when deadlines have passed
   */
  public static BatchEngine start(
      Transformer transformer,
      Supplier<Transformer> reload,
      Tokenizer tokenizer,
      Optional<ChatTemplate> template,
      Settings settings,
      InstantSource clock) {
    return start(transformer, reload, tokenizer, template, settings, clock, System::nanoTime);
  }

  /**
   * The same.
   *
   * @param nanoTime times steps and tokens
   */
  static BatchEngine start(
      Transformer transformer,
      Supplier<Transformer> reload,
      Tokenizer tokenizer,
      Optional<ChatTemplate> template,
      Settings settings,
      InstantSource clock,
      LongSupplier nanoTime) {
    Llama llama = transformer.llama();
    if (llama.maxTokens() < settings.slots() || llama.maxOutputs() < settings.slots()) {
      throw new IllegalArgumentException(
          "%d slots, the model was loaded for batches of %d tokens and %d outputs"
              .formatted(settings.slots(), llama.maxTokens(), llama.maxOutputs()));
    }
    BatchGenerator generator =
        new BatchGenerator(
            transformer, reload, tokenizer, settings.slots(), settings.pages(), clock);
    BatchEngine engine =
        new BatchEngine(
            generator,
            new PromptEncoder(tokenizer, template),
            new Grammars(tokenizer),
            settings,
            nanoTime);
    engine.thread.start();
    return engine;
  }

  @Override
  public Generation submit(GenerationRequest request, Consumer<? super GenerationEvent> listener) {
    requireNonNull(listener, "listener is null");
    Stopwatch stopwatch = new Stopwatch(nanoTime);
    Submission submission =
        new Submission(request, listener, arrivals.incrementAndGet(), stopwatch);
    intake.execute(() -> prepare(submission));
    return submission;
  }

  /** Tokenizes a prompt, makes its grammar, and hands it to the engine's thread. */
  private void prepare(Submission submission) {
    try {
      int[] prompt = encoder.encode(submission.request());
      Optional<Grammar> grammar = grammars.of(submission.request().format());
      inbox.add(() -> generator.add(submission, prompt, grammar));
    } catch (SchemaException e) {
      refuse(submission, BatchGenerator.schemaError(e));
    } catch (RuntimeException e) {
      boolean isChat = submission.request().chatTime().isPresent();
      String message = "the prompt cannot be tokenized: " + e.getMessage();
      String param = isChat ? "messages" : "prompt";
      refuse(submission, new GenerationError(Kind.INVALID_REQUEST, message, param));
    }
  }

  private void refuse(Submission submission, GenerationError error) {
    inbox.add(() -> generator.refuse(submission, 0, error));
  }

  private void run() {
    try (generator) {
      while (!closed) {
        readInbox();
        watch.run(generator::step);
        status = generator.status();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.error("The engine stops: its model cannot be loaded again", e);
      stop("the engine has stopped: " + e.getMessage());
    }
  }

  /** Ends what is there, and all that still comes, with an error. */
  private void stop(String message) {
    broken = true;
    generator.failAll(message);
    try {
      while (!closed) {
        inbox.take().run();
        generator.failAll(message);
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
  public void listen(EngineListener listener) {
    requireNonNull(listener, "listener is null");
    inbox.add(() -> generator.listen(listener));
  }

  @Override
  public EngineInfo info() {
    return info;
  }

  @Override
  public EngineStatus status() {
    return watch.isStuck() || broken ? status.unhealthy() : status;
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
