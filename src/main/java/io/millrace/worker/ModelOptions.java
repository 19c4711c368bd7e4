package io.millrace.worker;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.Transformer;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.tensor.Backend;
import java.util.OptionalLong;

/**
 * How models are loaded on this machine.
 *
 * @param backend where they run
 * @param threads that compute, on a CPU
 * @param slots sequences that run at the same time
 * @param memory bytes for weights and KV cache; empty for a share of the machine's
 */
public record ModelOptions(BackendChoice backend, int threads, int slots, OptionalLong memory) {
  /** Most tokens of one step; larger batches are no faster on a CPU. */
  private static final int STEP_TOKENS = 256;

  public ModelOptions {
    if (threads < 1 || slots < 1) {
      throw new IllegalArgumentException(
          "%d threads and %d slots, expected at least 1 of each".formatted(threads, slots));
    }
  }

  /** What the settings of a worker say. */
  public static ModelOptions of(Settings settings) {
    return new ModelOptions(
        settings.get(Settings.WORKER_BACKEND),
        settings.get(Settings.WORKER_THREADS).orElseGet(ModelOptions::processors),
        settings.get(Settings.WORKER_SLOTS),
        settings.get(Settings.WORKER_MEMORY));
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** The values of {@code --backend}. */
  public enum BackendChoice {
    /** The fastest that this machine has. */
    AUTO,
    /** The GPU of a Mac. */
    METAL,
    /** Vector instructions of the processor. */
    CPU
  }

  /**
   * Loads weights into a new backend.
   *
   * @throws IllegalArgumentException when they do not fit the configuration or the backend
   */
  public Transformer load(ModelConfig config, WeightSet weights) {
    Backend device = openBackend();
    try {
      int stepTokens = Math.max(STEP_TOKENS, slots);
      return new Transformer(Llama.load(config, weights, device, stepTokens, slots), device);
    } catch (Throwable e) {
      device.close();
      throw e;
    }
  }

  private Backend openBackend() {
    return switch (backend) {
      case AUTO, CPU -> new CpuBackend(threads);
      case METAL ->
          throw new IllegalArgumentException(
              "this version has no Metal backend yet; use --backend cpu or auto");
    };
  }

  /**
   * Pages of the KV cache that the memory budget allows beside the weights.
   *
   * @throws IllegalArgumentException when the budget does not suffice
   */
  public int pages(Transformer transformer) {
    Llama llama = transformer.llama();
    return MemoryBudget.pages(
        memory.orElseGet(MemoryBudget::ofMachine),
        llama.weightBytes(),
        transformer.backend().pageBytes(llama.config().kvShape()),
        slots,
        llama.config().contextLength());
  }
}
