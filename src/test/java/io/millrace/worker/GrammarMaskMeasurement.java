package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.SharedFiles;
import io.millrace.cpu.CpuBackend;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.grammar.GrammarMatcher;
import io.millrace.engine.grammar.Grammars;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.ModelShape;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.text.Tokenizer;
import io.millrace.weights.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What the masks of structured output cost on a vocabulary of 32,000 tokens, beside a step of one
 * sequence of TinyLlama's shape. Prints the figures; run with {@code -Dtest=GrammarMaskMeasurement}
 * on a machine that does nothing else.
 */
class GrammarMaskMeasurement {
  private static final ResponseFormat FORMAT =
      new ResponseFormat.JsonSchema(
          """
          {"type": "object",
           "properties": {"name": {"type": "string", "maxLength": 40},
                          "age": {"type": "integer", "minimum": 0, "maximum": 150},
                          "notes": {"type": "array", "maxItems": 5,
                                    "items": {"type": "string", "maxLength": 200}},
                          "kind": {"enum": ["miller", "baker", "farmer"]}},
           "required": ["name", "age", "notes", "kind"]}
          """);

  @Test
  void shouldPrintTheShareOfAStep() {
    double step = stepSeconds();
    try (Checkpoint vocabulary =
        Checkpoint.open(SharedFiles.require("tokenizers/llama-spm.gguf"))) {
      Tokenizer tokenizer = vocabulary.tokenizer();
      Grammars grammars = new Grammars(tokenizer);
      long start = System.nanoTime();
      grammars.of(FORMAT);
      double compile = (System.nanoTime() - start) / 1e9;
      List<Double> first = run(grammars, tokenizer, 1);
      List<Double> all = new ArrayList<>();
      for (int seed = 2; seed < 40; seed++) {
        all.addAll(run(grammars, tokenizer, seed));
      }
      double firstMean = mean(first);
      double laterMean = mean(all);

      System.out.printf(
          "%,d tokens: grammar and trie made once in %.0f ms; mask and token, cold program and first"
              + " text: %.3f ms on average of %d, later %.3f ms of %d; a step of TinyLlama's shape:"
              + " %.1f ms; share %.2f%% (first text), %.3f%% (later)%n",
          tokenizer.vocabSize(),
          1e3 * compile,
          1e3 * firstMean,
          first.size(),
          1e3 * laterMean,
          all.size(),
          1e3 * step,
          100 * firstMean / step,
          100 * laterMean / step);
      assertThat(all).isNotEmpty();
    }
  }

  /** Seconds for each token of a random text. */
  private static List<Double> run(Grammars grammars, Tokenizer tokenizer, int seed) {
    Random random = new Random(seed);
    GrammarMatcher matcher = grammars.of(FORMAT).orElseThrow().matcher();
    float[] logits = new float[tokenizer.vocabSize()];
    List<Double> seconds = new ArrayList<>();
    while (!matcher.isComplete()) {
      for (int id = 0; id < logits.length; id++) {
        logits[id] = random.nextFloat();
      }
      long start = System.nanoTime();
      matcher.mask(logits, Set.of(2));
      int best = 0;
      for (int id = 0; id < logits.length; id++) {
        best = logits[id] > logits[best] ? id : best;
      }
      matcher.accept(best);
      seconds.add((System.nanoTime() - start) / 1e9);
    }
    return seconds;
  }

  private static double mean(List<Double> seconds) {
    return seconds.stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }

  private static double stepSeconds() {
    ModelConfig config = ModelShape.TINYLLAMA_1_1B.config();
    try (CpuBackend backend = new CpuBackend(Runtime.getRuntime().availableProcessors())) {
      Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 16, 1);
      try (KvCache cache = backend.allocate(config.kvShape(), 2)) {
        double best = Double.MAX_VALUE;
        for (int position = 0; position < 40; position++) {
          int[] one = {position};
          Batch batch = new Batch(new int[] {7}, one, new int[1], new int[][] {{0, 1}}, new int[1]);
          long start = System.nanoTime();
          llama.forward(batch, cache);
          best = Math.min(best, (System.nanoTime() - start) / 1e9);
        }
        return best;
      }
    }
  }
}
