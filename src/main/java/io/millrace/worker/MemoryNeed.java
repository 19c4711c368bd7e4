package io.millrace.worker;

import io.millrace.cpu.CpuBackend;
import io.millrace.model.ModelConfig;
import io.millrace.tensor.Backend;
import io.millrace.tensor.KvCache;
import io.millrace.worker.ModelOptions.KvType;

/**
 * Memory that a model takes on the CPU.
 *
 * @param weights bytes, in the types that they have in the checkpoint
 * @param kvPerToken bytes of the KV cache for each token of each sequence
 * @param slots sequences that run at the same time
 * @param kvCache bytes of the KV cache when all of them use the whole context
 */
public record MemoryNeed(long weights, long kvPerToken, int slots, long kvCache) {
  /**
   * What a model takes for {@code slots} sequences.
   *
   * @throws IllegalArgumentException when its heads cannot be kept in {@code kvType}
   */
  public static MemoryNeed of(ModelConfig config, long weights, int slots, KvType kvType) {
    try (Backend cpu = new CpuBackend(1)) {
      long pageBytes = cpu.pageBytes(config.kvShape(), kvType.on(cpu));
      long pages = (long) slots * Math.ceilDiv(config.contextLength(), KvCache.PAGE_TOKENS);
      return new MemoryNeed(weights, pageBytes / KvCache.PAGE_TOKENS, slots, pages * pageBytes);
    }
  }

  /** Bytes in all. With less, sequences share a smaller KV cache. */
  public long total() {
    return weights + kvCache;
  }
}
