package io.millrace.worker;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.Transformer;
import io.millrace.metal.MetalBackend;
import io.millrace.metal.objc.Libraries;
import io.millrace.metal.objc.MetalException;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.Shapes;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How models are loaded on this machine.
 *
 * @param backend where they run
 * @param threads that compute, on a CPU
 * @param slots sequences that run at the same time
 * @param memory bytes for weights and KV cache; empty for a share of the machine's
 * @param kvType of keys and values in the KV cache
 */
public record ModelOptions(
    BackendChoice backend, int threads, int slots, OptionalLong memory, KvType kvType) {
  /** Most tokens of one step; larger batches are no faster on a CPU. */
  private static final int STEP_TOKENS = 256;

  private static final Logger log = LoggerFactory.getLogger(ModelOptions.class);

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
        settings.get(Settings.WORKER_MEMORY),
        settings.get(Settings.WORKER_KV_TYPE));
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

  /** The values of {@code --kv-type}. */
  public enum KvType {
    /** As the backend keeps them for the model's weights. */
    AUTO(Optional.empty()),
    F32(Optional.of(DType.F32)),
    F16(Optional.of(DType.F16)),
    Q8_0(Optional.of(DType.Q8_0));

    private final Optional<DType> type;

    KvType(Optional<DType> type) {
      this.type = type;
    }

    DType on(Backend device) {
      return type.orElseGet(device::cacheType);
    }
  }

  /**
   * Loads weights into a new backend.
   *
   * @throws IllegalArgumentException when they do not fit the configuration or the backend, or
   *     heads of the model cannot be kept in the type that was asked for
   * @throws MetalException when the GPU was asked for and cannot be used
   */
  public Transformer load(ModelConfig config, WeightSet weights) {
    kvType.type.ifPresent(type -> Shapes.checkCacheType(config.kvShape(), type));
    return switch (backend) {
      case CPU -> load(config, weights, new CpuBackend(threads));
      case METAL -> load(config, weights, MetalBackend.openChecked(Libraries.system()));
      case AUTO -> loadFastest(config, weights);
    };
  }

  /** On a Mac the GPU; when that cannot be, the CPU, saying so. */
  private Transformer loadFastest(ModelConfig config, WeightSet weights) {
    if (Libraries.expected()) {
      try {
        return load(config, weights, MetalBackend.openChecked(Libraries.system()));
      } catch (MetalException | IllegalArgumentException | IllegalStateException e) {
        log.warn(
            "THE GPU IS NOT USED, the model runs on the CPU and is much slower: {}",
            e.getMessage());
      }
    }
    return load(config, weights, new CpuBackend(threads));
  }

  private Transformer load(ModelConfig config, WeightSet weights, Backend device) {
    try {
      int stepTokens = Math.max(STEP_TOKENS, slots);
      Llama llama = Llama.load(config, weights, device, stepTokens, slots);
      return new Transformer(llama, device, kvType.on(device));
    } catch (Throwable e) {
      device.close();
      throw e;
    }
  }

  /**
   * Pages of the KV cache that the memory budget allows beside the weights.
   *
   * @throws IllegalArgumentException when the budget does not suffice
   */
  public int pages(Transformer transformer) {
    Llama llama = transformer.llama();
    long budget = memory.orElseGet(MemoryBudget::ofMachine);
    return MemoryBudget.pages(
        Math.min(budget - llama.weightBytes(), transformer.backend().available())
            + llama.weightBytes(),
        llama.weightBytes(),
        transformer.pageBytes(),
        slots,
        llama.config().contextLength());
  }
}
