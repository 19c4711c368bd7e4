package io.millrace.metal;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.Simulator.Allocation;
import io.millrace.metal.Simulator.Traffic;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Decoding is bound by memory, so its speed is told by the bytes that a step reads. Each byte is
 * counted once for each threadgroup that reads it: a second one may find it in a cache, or not.
 */
class DecodeTrafficTest {
  /** Tokens of each sequence, the new one included. */
  private static final int CONTEXT = 300;

  private static final int PAGES = Math.ceilDiv(CONTEXT, KvCache.PAGE_TOKENS);

  private static final ModelConfig CONFIG =
      new ModelConfig(
          "llama",
          1000,
          512,
          2,
          8,
          2,
          64,
          1408,
          1e-5f,
          2048,
          Rope.standard(64, 10_000, Rope.Pairing.INTERLEAVED),
          ModelConfig.unlimited(2));

  private Simulator simulator;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
    simulator.watch(true);
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
    simulator.reset();
  }

  /**
   * Bytes that a step reads of weights and of the KV cache, and bytes that it cannot do without.
   */
  private record Read(long weights, long cache, long neededWeights, long neededCache) {}

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0"})
  void shouldReadWeightsAndCacheOnce(DType dtype) {
    Read one = decode(dtype, 1, DType.F16);
    Read eight = decode(dtype, 8, DType.F16);

    assertThat((double) one.weights()).isLessThanOrEqualTo(1.05 * one.neededWeights());
    assertThat((double) eight.weights()).isLessThanOrEqualTo(1.1 * one.weights());
    assertThat((double) one.cache()).isLessThanOrEqualTo(1.05 * one.neededCache());
    assertThat((double) eight.cache()).isLessThanOrEqualTo(1.05 * eight.neededCache());
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "Q8_0"})
  void shouldReadTheCacheOnceInAnyType(DType cacheType) {
    Read read = decode(DType.Q4_0, 2, cacheType);

    assertThat((double) read.cache())
        .isBetween(0.95 * read.neededCache(), 1.05 * read.neededCache());
  }

  private Read decode(DType dtype, int sequences, DType cacheType) {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      Set<Long> tables = addresses(simulator.allocations());
      Llama llama =
          Llama.load(CONFIG, new RandomWeights(CONFIG, dtype, 1), backend, sequences, sequences);
      List<Allocation> model = simulator.allocations();
      try (KvCache cache = backend.allocate(CONFIG.kvShape(), PAGES * sequences, cacheType)) {
        Set<Long> caches = addresses(simulator.allocations());
        caches.removeAll(addresses(model));
        fill(backend, cache, sequences);
        simulator.takeTraffic();

        llama.forward(step(sequences), cache);

        List<Traffic> traffic = simulator.takeTraffic();
        Set<Long> written =
            traffic.stream().filter(t -> t.written() > 0).map(Traffic::address).collect(toSet());
        Set<Long> weights = addresses(model);
        weights.removeAll(tables);
        weights.removeAll(written);
        long embedding =
            traffic.stream()
                .filter(t -> t.kernel().equals("embed"))
                .findFirst()
                .orElseThrow()
                .address();
        long table = dtype.bytes((long) CONFIG.vocabSize() * CONFIG.dim());
        assertThat(weights).contains(embedding);
        return new Read(
            read(traffic, weights),
            read(traffic, caches),
            llama.weightBytes() - table + sequences * dtype.bytes(CONFIG.dim()),
            cache.bytes() * CONTEXT / (PAGES * KvCache.PAGE_TOKENS));
      }
    }
  }

  private static Set<Long> addresses(Collection<Allocation> allocations) {
    return allocations.stream().map(Allocation::address).collect(toSet());
  }

  private static long read(List<Traffic> traffic, Set<Long> buffers) {
    return traffic.stream()
        .filter(t -> buffers.contains(t.address()))
        .mapToLong(Traffic::read)
        .sum();
  }

  /** Keys and values of all tokens but the last. */
  private static void fill(MetalBackend backend, KvCache cache, int sequences) {
    for (int sequence = 0; sequence < sequences; sequence++) {
      int[] positions = IntStream.range(0, CONTEXT - 1).toArray();
      int[] all = new int[positions.length];
      Arrays.fill(all, sequence);
      Batch batch = new Batch(new int[all.length], positions, all, pages(sequences), new int[0]);
      for (int layer = 0; layer < CONFIG.layers(); layer++) {
        float[][] rows = random(positions.length, CONFIG.kvDim(), layer);
        backend.rotateAndStore(
            backend.allocate(positions.length, CONFIG.queryDim()),
            activation(backend, rows),
            activation(backend, rows),
            CONFIG.rope(),
            cache,
            layer,
            batch);
        backend.commit();
      }
    }
  }

  /** The next token of each sequence. */
  private static Batch step(int sequences) {
    int[] positions = new int[sequences];
    Arrays.fill(positions, CONTEXT - 1);
    int[] all = IntStream.range(0, sequences).toArray();
    return new Batch(all, positions, all, pages(sequences), all);
  }

  private static int[][] pages(int sequences) {
    return IntStream.range(0, sequences)
        .mapToObj(s -> IntStream.range(s * PAGES, (s + 1) * PAGES).toArray())
        .toArray(int[][]::new);
  }
}
