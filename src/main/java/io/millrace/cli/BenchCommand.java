package io.millrace.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.cpu.MemoryBandwidth;
import io.millrace.engine.Transformer;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.ModelShape;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.DType;
import io.millrace.weights.Checkpoint;
import io.millrace.worker.ModelOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How fast a model computes on this machine. */
@Command(
    name = "bench",
    description = "Measures prefill and decode speed, beside what this machine can do at the most.",
    footer = {
      "",
      "Examples:",
      "  millrace bench --model m.gguf --batch 1,8,16",
      "  millrace bench --shape tinyllama-1.1b --type Q8_0 --json"
    })
final class BenchCommand implements Callable<Integer> {
  /** Well above any cache. */
  private static final long PROBE_BYTES = 512L << 20;

  private static final int PROBE_ROUNDS = 5;

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Subject subject;

  @Mixin private BackendOptions backend;

  @Option(
      names = "--type",
      paramLabel = "T",
      defaultValue = "Q8_0",
      description = "Type of random weights: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private DType type;

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tokens of each prompt (default: ${DEFAULT-VALUE}).")
  private int promptTokens;

  @Option(
      names = "--generate-tokens",
      paramLabel = "N",
      defaultValue = "64",
      description = "Tokens to generate after each (default: ${DEFAULT-VALUE}).")
  private int generateTokens;

  @Option(
      names = "--batch",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description = "Sequences at the same time, one measurement each (default: ${DEFAULT-VALUE}).")
  private List<Integer> batches;

  @Option(names = "--json", description = "A line of JSON for each measurement.")
  private boolean json;

  /** What is measured. */
  private static final class Subject {
    @Option(
        names = {"--model", "--model-path"},
        paramLabel = "M",
        description = "A model on disk.")
    private Path model;

    @Option(
        names = "--shape",
        paramLabel = "S",
        description = "Random weights in the shape of a model: ${COMPLETION-CANDIDATES}.")
    private ModelShape shape;
  }

  @Override
  public Integer call() {
    check(promptTokens >= 1, "--prompt-tokens is %d, expected at least 1", promptTokens);
    check(generateTokens >= 1, "--generate-tokens is %d, expected at least 1", generateTokens);
    batches.forEach(batch -> check(batch >= 1, "--batch is %d, expected at least 1", batch));
    int most = batches.stream().max(Integer::compare).orElseThrow();
    PrintWriter err = spec.commandLine().getErr();
    try (Transformer transformer = open(most)) {
      Llama llama = transformer.llama();
      check(
          promptTokens + generateTokens <= llama.config().contextLength(),
          "%d tokens of prompt and %d to generate, the model's context has %d",
          promptTokens,
          generateTokens,
          llama.config().contextLength());
      err.printf(
          "%s, %,d bytes of weights%n", transformer.backend().description(), llama.weightBytes());
      err.flush();
      Bench bench = new Bench(transformer, promptTokens, generateTokens);
      if (!json) {
        out().println("batch  prefill tokens/s  decode tokens/s  read GB/s  of the machine's GB/s");
      }
      for (int batch : batches) {
        double before = machineGigabytesPerSecond();
        Bench.Result result = bench.measure(batch);
        double after = machineGigabytesPerSecond();
        print(result, Math.max(before, after));
      }
    }
    return 0;
  }

  private Transformer open(int sequences) {
    ModelOptions options = backend.options(sequences);
    if (subject.shape != null) {
      ModelConfig config = subject.shape.config();
      return options.load(config, new RandomWeights(config, type, 1));
    }
    try (Checkpoint checkpoint = Checkpoint.open(subject.model)) {
      return options.load(checkpoint.config(), checkpoint.weights());
    }
  }

  private void print(Bench.Result result, double machine) {
    double prefill = result.batch() * promptTokens / result.prefillSeconds();
    double decode = result.batch() * generateTokens / result.decodeSeconds();
    double memory = result.bytesRead() / result.decodeSeconds() / 1e9;
    if (json) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("batch", result.batch());
      line.put("prompt_tokens", promptTokens);
      line.put("generate_tokens", generateTokens);
      line.put("prefill_tps", prefill);
      line.put("decode_tps", decode);
      line.put("memory_gbs", memory);
      line.put("machine_gbs", machine);
      out().println(new ObjectMapper().valueToTree(line).toString());
    } else {
      out()
          .printf(
              "%5d  %16.1f  %15.1f  %9.1f  %15.1f (%.0f%%)%n",
              result.batch(), prefill, decode, memory, machine, 100 * memory / machine);
    }
    out().flush();
  }

  private double machineGigabytesPerSecond() {
    return MemoryBandwidth.readGigabytesPerSecond(backend.threads(), PROBE_BYTES, PROBE_ROUNDS);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private void check(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new ParameterException(spec.commandLine(), message.formatted(arguments));
    }
  }
}
