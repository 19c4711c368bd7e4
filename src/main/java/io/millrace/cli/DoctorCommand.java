package io.millrace.cli;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.Transformer;
import io.millrace.metal.MetalBackend;
import io.millrace.metal.SelfCheck;
import io.millrace.metal.objc.Libraries;
import io.millrace.metal.objc.MetalException;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.Rope;
import io.millrace.worker.Version;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What this machine can compute with, and whether it computes right. */
@Command(
    name = "doctor",
    description = "Checks this machine: its GPU, every kernel on it, and how fast it decodes.",
    footer = {"", "Example:", "  millrace doctor"})
final class DoctorCommand implements Callable<Integer> {
  /** Elements of each of the two activations that are added to measure the memory. */
  private static final int ROWS = 4096;

  private static final int COLS = 4096;
  private static final int ROUNDS = 8;
  private static final int PROMPT_TOKENS = 16;
  private static final int GENERATE_TOKENS = 64;

  @Spec private CommandSpec spec;

  @Option(names = "--quick", description = "Leave out what is timed.")
  private boolean quick;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    String machine =
        "%s %s, Java %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                System.getProperty("java.version"));
    out.println("machine   " + machine);
    try (CpuBackend cpu = new CpuBackend()) {
      out.println("processor " + cpu.description());
    }
    if (!Libraries.expected()) {
      out.println("gpu       none that Millrace uses: Metal is part of macOS");
      out.flush();
      return 0;
    }
    try (MetalBackend metal = MetalBackend.open(Libraries.system())) {
      return examine(metal, machine, out);
    } catch (MetalException e) {
      out.println("gpu       cannot be used: " + e.getMessage());
      out.flush();
      return 1;
    }
  }

  private int examine(MetalBackend metal, String machine, PrintWriter out) {
    out.println("gpu       " + metal.description());
    out.println("          " + metal.features());
    List<SelfCheck.Result> results = SelfCheck.run(metal);
    for (SelfCheck.Result result : results) {
      out.printf(
          "kernel    %-24s error %.1e of %.0e  %s%n",
          result.kernel(),
          result.error(),
          result.tolerance(),
          result.isRight() ? "right" : "WRONG");
    }
    out.flush();
    long wrong = results.stream().filter(result -> !result.isRight()).count();
    String speed = quick ? "not timed" : timed(metal, out);
    out.printf(
        "report    millrace %s; %s; %s; %s; %d of %d kernels right; %s%n",
        Version.current(),
        machine,
        metal.description(),
        metal.features(),
        results.size() - wrong,
        results.size(),
        speed);
    out.flush();
    return wrong == 0 ? 0 : 1;
  }

  /** Times the memory and decoding; a summary of both. */
  static String timed(Backend backend, PrintWriter out) {
    double memory = gigabytesPerSecond(backend);
    out.printf("memory    %.1f GB/s%n", memory);
    out.flush();
    ModelConfig config = config();
    Llama llama =
        Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, PROMPT_TOKENS, 1);
    Bench.Result decoded =
        new Bench(new Transformer(llama, backend), PROMPT_TOKENS, GENERATE_TOKENS).measure(1);
    double tokens = GENERATE_TOKENS / decoded.decodeSeconds();
    double read = decoded.bytesRead() / decoded.decodeSeconds() / 1e9;
    out.printf(
        "decoding  %.1f tokens/s of a model of %,d bytes: %.1f GB/s, %.0f%% of the memory's%n",
        tokens, llama.weightBytes(), read, 100 * read / memory);
    return "memory %.1f GB/s, decoding at %.0f%% of it".formatted(memory, 100 * read / memory);
  }

  /** Of an operation that reads two large matrices and writes one, with little to compute. */
  private static double gigabytesPerSecond(Backend backend) {
    Activation x = backend.allocate(ROWS, COLS);
    Activation y = backend.allocate(ROWS, COLS);
    double best = 0;
    for (int round = 0; round < 3; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < ROUNDS; i++) {
        backend.swiglu(x, y, ROWS);
      }
      backend.commit();
      double seconds = (System.nanoTime() - start) / 1e9;
      best = Math.max(best, 3.0 * Float.BYTES * ROWS * COLS * ROUNDS / seconds / 1e9);
    }
    return best;
  }

  /** About 140 MB of Q8_0: more than any cache, loaded in a moment. */
  private static ModelConfig config() {
    int layers = 8;
    Rope rope = Rope.standard(64, 10_000, Rope.Pairing.INTERLEAVED);
    return new ModelConfig(
        "llama",
        8192,
        1024,
        layers,
        16,
        4,
        64,
        4096,
        1e-5f,
        2048,
        rope,
        ModelConfig.unlimited(layers));
  }
}
