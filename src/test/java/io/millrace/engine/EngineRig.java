package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.model.TinyModel;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.text.chat.ChatTemplate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Engines on a tiny model, and what their requests came to. */
final class EngineRig {
  static final int ENOUGH_PAGES = 64;

  /** A text that the tokenizer refuses. */
  static final String UNWELCOME = "unwelcome";

  private static final String TEMPLATE =
      "[{{ strftime_now('%Y-%m-%d') }}]{% for m in messages %}"
          + "{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
          + "{{ m.content }}{% endfor %}!";

  private final Supplier<Backend> backends;
  private final Function<Backend, DType> cacheType;
  private final List<AutoCloseable> open = new ArrayList<>();

  EngineRig() {
    this(ReferenceBackend::new);
  }

  EngineRig(Supplier<Backend> backends) {
    this(backends, Backend::cacheType);
  }

  EngineRig(Supplier<Backend> backends, Function<Backend, DType> cacheType) {
    this.backends = backends;
    this.cacheType = cacheType;
  }

  /** Closes all engines, and then what they stand on. */
  void close() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  Engine engine(int slots, int pages) {
    return engine(backends.get(), slots, pages);
  }

  Engine engine(Backend backend, int slots, int pages) {
    return engine(backend, () -> load(backends.get()), slots, pages);
  }

  /** One slot, on a clock of the test's own. */
  Engine engine(Backend backend, LongSupplier nanoTime) {
    return engine(backend, () -> load(backends.get()), 1, ENOUGH_PAGES, nanoTime);
  }

  Engine engine(Backend backend, Supplier<Transformer> reload, int slots, int pages) {
    return engine(backend, reload, slots, pages, System::nanoTime);
  }

  private Engine engine(
      Backend backend, Supplier<Transformer> reload, int slots, int pages, LongSupplier nanoTime) {
    Transformer transformer = load(backend);
    open.add(transformer);
    Engine engine =
        BatchEngine.start(
            transformer,
            reload,
            new UnwillingTokenizer(),
            Optional.of(ChatTemplate.of(TEMPLATE, Map.of())),
            new BatchEngine.Settings(slots, pages, "fingerprint", "build"),
            InstantSource.fixed(Instant.ofEpochMilli(1_000)),
            nanoTime);
    open.add(engine);
    return engine;
  }

  private Transformer load(Backend backend) {
    return new Transformer(
        TinyModel.load(backend, ByteTokenizer.VOCAB_SIZE, 48, 16),
        backend,
        cacheType.apply(backend));
  }

  static EngineStatus awaitIdle(Engine engine) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (engine.status().running() + engine.status().waiting() > 0) {
      assertThat(System.nanoTime()).as("engine is idle in time").isLessThan(limit);
      Thread.onSpinWait();
    }
    return engine.status();
  }

  static GenerationRequest request(String prompt, int maxTokens, double temperature) {
    return new GenerationRequest(
        prompt,
        prompt,
        maxTokens,
        sampling(temperature),
        List.of(),
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  static Sampling sampling(double temperature) {
    return new Sampling(temperature, 1, 0, 0, 99);
  }

  static Outcome submit(Engine engine, GenerationRequest request) {
    return submit(engine, request, () -> {});
  }

  static Outcome submit(Engine engine, GenerationRequest request, Runnable atEnd) {
    Outcome outcome = new Outcome();
    outcome.generation =
        engine.submit(
            request,
            event -> {
              if (!(event instanceof Tokens)) {
                atEnd.run();
              }
              outcome.events.add(event);
            });
    return outcome;
  }

  /** What a request came to. */
  static final class Outcome {
    private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    private final List<Tokens> steps = new ArrayList<>();
    private GenerationEvent end;
    private Engine.Generation generation;

    Outcome await() throws InterruptedException {
      while (end == null) {
        take();
      }
      return this;
    }

    void awaitTokens(int count) throws InterruptedException {
      while (steps.size() < count) {
        take();
      }
    }

    private void take() throws InterruptedException {
      GenerationEvent event = events.poll(60, TimeUnit.SECONDS);
      assertThat(event).as("an event in time").isNotNull();
      if (event instanceof Tokens tokens) {
        steps.add(tokens);
      } else {
        end = event;
      }
    }

    void cancel() {
      generation.cancel();
    }

    void abandon() {
      generation.abandon();
    }

    /** Events so far that nobody has waited for. */
    int heard() {
      return events.size();
    }

    int[] tokens() {
      return steps.stream().flatMapToInt(step -> Arrays.stream(step.tokens())).toArray();
    }

    String textOfFirst(int count) {
      return String.join("", steps.stream().limit(count).map(Tokens::text).toList());
    }

    String text() {
      return textOfFirst(steps.size())
          + (end instanceof Finished finished ? finished.lastText() : "");
    }

    Finished finished() {
      return (Finished) end;
    }

    Failed failed() {
      return (Failed) end;
    }
  }

  /** Refuses one text, as a tokenizer may. */
  private static final class UnwillingTokenizer extends ByteTokenizer {
    @Override
    public int[] encodePrompt(String text) {
      if (text.equals(UNWELCOME)) {
        throw new IllegalArgumentException("this text is unwelcome");
      }
      return super.encodePrompt(text);
    }
  }
}
