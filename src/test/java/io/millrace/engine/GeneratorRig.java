package io.millrace.engine;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.grammar.Grammars;
import io.millrace.model.Llama;
import io.millrace.model.TinyModel;
import io.millrace.tensor.Backend;
import io.millrace.text.Tokenizer;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** A small model, loaded once, for generators that a test drives step by step. */
final class GeneratorRig implements AutoCloseable {
  static final int MAX_STEP_TOKENS = 40;
  static final int MAX_SLOTS = 8;

  private final Backend cpu = new CpuBackend(1);
  private final Backend backend = proxy();
  private final Llama llama;
  private final Tokenizer tokenizer;
  private Optional<BiConsumer<Integer, float[]>> logitsChange = Optional.empty();
  private final Grammars grammars;
  private long arrivals;
  private int rowsRead;

  GeneratorRig(Tokenizer tokenizer) {
    this(tokenizer, TinyModel.config(ByteTokenizer.VOCAB_SIZE).contextLength());
  }

  GeneratorRig(Tokenizer tokenizer, int contextLength) {
    this.llama =
        TinyModel.load(
            backend, ByteTokenizer.VOCAB_SIZE, MAX_STEP_TOKENS, MAX_SLOTS, contextLength);
    this.tokenizer = tokenizer;
    this.grammars = new Grammars(tokenizer);
  }

  /** From now on what a sampler reads of a row of logits is changed first. */
  void changeLogits(BiConsumer<Integer, float[]> change) {
    logitsChange = Optional.of(change);
  }

  /** Rows of logits that were read so far. */
  int rowsRead() {
    return rowsRead;
  }

  BatchGenerator generator(int slots, int pages) {
    Transformer transformer = new Transformer(llama, backend);
    return new BatchGenerator(
        transformer, () -> transformer, tokenizer, slots, pages, InstantSource.system());
  }

  /** A generator closes its transformer, but the model is loaded once for all of them. */
  private Backend proxy() {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("close")) {
            return null;
          }
          try {
            Object result = method.invoke(cpu, arguments);
            if (method.getName().equals("read")) {
              rowsRead += ((float[]) arguments[2]).length == ByteTokenizer.VOCAB_SIZE ? 1 : 0;
              logitsChange.ifPresent(
                  change -> change(change, (Integer) arguments[1], (float[]) arguments[2]));
            }
            return result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }

  private static void change(BiConsumer<Integer, float[]> change, int row, float[] values) {
    if (values.length == ByteTokenizer.VOCAB_SIZE) {
      change.accept(row, values);
    } else {
      values[0] = -1; // of the likeliest tokens, which the change may change: let the row be read
    }
  }

  Outcome submit(BatchGenerator generator, GenerationRequest request) {
    Outcome outcome = new Outcome();
    outcome.submission =
        new Submission(request, outcome::hear, arrivals++, new Stopwatch(System::nanoTime));
    generator.add(
        outcome.submission,
        tokenizer.encodePrompt(request.prompt()),
        grammars.of(request.format()));
    return outcome;
  }

  /** Generates all of them together. */
  List<Outcome> run(GenerationRequest... requests) {
    try (BatchGenerator generator = generator(MAX_SLOTS, 64)) {
      List<Outcome> outcomes =
          Arrays.stream(requests).map(request -> submit(generator, request)).toList();
      while (!generator.isIdle()) {
        generator.step();
      }
      if (generator.status().pagesUsed() != 0) {
        throw new AssertionError(generator.status() + " after all have ended");
      }
      return outcomes;
    }
  }

  Outcome run(GenerationRequest request) {
    return run(new GenerationRequest[] {request}).getFirst();
  }

  @Override
  public void close() {
    cpu.close();
  }

  /** What a request came to. */
  static final class Outcome {
    private final List<Tokens> steps = new ArrayList<>();
    private Submission submission;
    private GenerationEvent end;

    private void hear(GenerationEvent event) {
      if (end != null) {
        throw new AssertionError(event + " after " + end);
      }
      switch (event) {
        case Tokens step -> steps.add(step);
        case Finished finished -> end = finished;
        case Failed failed -> end = failed;
      }
    }

    List<Tokens> steps() {
      return steps;
    }

    int[] tokens() {
      return steps.stream().flatMapToInt(step -> Arrays.stream(step.tokens())).toArray();
    }

    String textOfFirst(int count) {
      return String.join("", steps.stream().limit(count).map(Tokens::text).toList());
    }

    void cancel() {
      submission.cancel();
    }

    boolean hasEnded() {
      return end != null;
    }

    Finished finished() {
      return (Finished) end;
    }

    Failed failed() {
      return (Failed) end;
    }
  }
}
