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
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What the masks of structured output cost on vocabularies of 32,000 and 128,256 tokens, beside a
 * step of one sequence of TinyLlama's shape: for the first text of a schema, when no state is
 * known, in a program that has just started and in one that has run a while, and for later texts.
 * Prints the figures; run with {@code -Dtest=GrammarMaskMeasurement} on a machine that does nothing
 * else.
 */
class GrammarMaskMeasurement {
  /** Texts that may go on for ever are cut. */
  private static final int MOST_TOKENS = 300;

  private static final ResponseFormat RECORD =
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
  private static final ResponseFormat SHORT_STRINGS =
      new ResponseFormat.JsonSchema(
          """
          {"type": "array", "minItems": 4, "maxItems": 4,
           "items": {"anyOf": [{"type": "string", "minLength": 3, "maxLength": 9},
                               {"type": "object",
                                "properties": {"code": {"type": "string", "maxLength": 12}},
                                "required": ["code"], "additionalProperties": false}]}}
          """);
  private static final ResponseFormat FURTHER_MEMBERS =
      new ResponseFormat.JsonSchema(
          """
          {"type": "object", "properties": {"title": {"type": "string", "maxLength": 100}},
           "required": ["title"], "additionalProperties": {"type": "string", "maxLength": 30}}
          """);
  private static final ResponseFormat TREE =
      new ResponseFormat.JsonSchema(
          """
          {"$defs": {"node": {"type": "object",
             "properties": {"label": {"type": "string"},
                            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
             "required": ["label", "children"]}},
           "$ref": "#/$defs/node"}
          """);
  private static final Map<String, ResponseFormat> FORMATS =
      Map.of(
          "record", RECORD,
          "short strings", SHORT_STRINGS,
          "further members", FURTHER_MEMBERS,
          "tree", TREE,
          "any object", new ResponseFormat.JsonObject());

  @Test
  void shouldPrintTheShareOfAStep() {
    double step = stepSeconds();
    for (String file : List.of("tokenizers/llama-spm.gguf", "tokenizers/llama-bpe.gguf")) {
      print(file, step);
    }
  }

  private static void print(String file, double step) {
    try (Checkpoint vocabulary = Checkpoint.open(SharedFiles.require(file))) {
      Tokenizer tokenizer = vocabulary.tokenizer();
      Grammars grammars = new Grammars(tokenizer);
      long start = System.nanoTime();
      grammars.of(RECORD);
      double compile = (System.nanoTime() - start) / 1e9;

      System.out.printf(
          "%,d tokens; a step of TinyLlama's shape: %.1f ms; grammar and trie, once: %.0f ms%n",
          tokenizer.vocabSize(), 1e3 * step, 1e3 * compile);
      print("record, first text of the vocabulary", run(grammars, RECORD, tokenizer, 1), step);
      FORMATS.forEach((name, format) -> {
        List<Double> first = new ArrayList<>();
        for (int seed = 0; seed < 10; seed++) {
          first.addAll(run(new Grammars(tokenizer), format, tokenizer, seed));
        }
        print(name + ", first texts", first, step);
      });
      List<Double> later = new ArrayList<>();
      for (int seed = 2; seed < 40; seed++) {
        later.addAll(run(grammars, RECORD, tokenizer, seed));
      }
      print("record, later texts", later, step);
      assertThat(later).isNotEmpty();
    }
  }

  private static void print(String what, List<Double> seconds, double step) {
    double mean = seconds.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    double most = seconds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    System.out.printf(
        "%s: %d tokens, %.3f ms on average (%.2f%% of a step), at most %.3f ms%n",
        what, seconds.size(), 1e3 * mean, 100 * mean / step, 1e3 * most);
  }

  /** Seconds of mask and acceptance for each token of a random text. */
  private static List<Double> run(
      Grammars grammars, ResponseFormat format, Tokenizer tokenizer, int seed) {
    Random random = new Random(seed);
    GrammarMatcher matcher = grammars.of(format).orElseThrow().matcher();
    float[] logits = new float[tokenizer.vocabSize()];
    List<Double> seconds = new ArrayList<>();
    while (!matcher.isComplete() && seconds.size() < MOST_TOKENS) {
      for (int id = 0; id < logits.length; id++) {
        logits[id] = random.nextFloat();
      }
      long start = System.nanoTime();
      matcher.mask(logits, Set.of(2));
      long masked = System.nanoTime() - start;
      int best = 0;
      for (int id = 0; id < logits.length; id++) {
        best = logits[id] > logits[best] ? id : best;
      }
      start = System.nanoTime();
      matcher.accept(best);
      seconds.add((masked + System.nanoTime() - start) / 1e9);
    }
    return seconds;
  }

  private static double stepSeconds() {
    ModelConfig config = ModelShape.TINYLLAMA_1_1B.config();
    try (CpuBackend backend = new CpuBackend(Runtime.getRuntime().availableProcessors())) {
      Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 16, 1);
      try (KvCache cache = backend.allocate(config.kvShape(), 2, backend.cacheType())) {
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
