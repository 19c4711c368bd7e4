package io.millrace.metal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.millrace.metal.Simulator.Counters;
import io.millrace.metal.Simulator.Order;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.RandomTensor;
import io.millrace.tensor.Rope;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import io.millrace.tensor.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the backend uses the GPU: memory, command buffers, failures. */
class MetalOperationTest {
  private static final int LAYERS = 16;

  private Simulator simulator;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
  }

  @Test
  void shouldPassItsOwnCheckInAnyOrder() {
    simulator.order(Order.EACH, 3);
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      assertThat(SelfCheck.run(backend))
          .hasSizeGreaterThan(120)
          .allMatch(SelfCheck.Result::isRight);
    }
  }

  @Test
  void shouldCheckTheKernelsOfAFormatWhenItIsFirstLoaded() {
    try (MetalBackend backend = MetalBackend.openChecked(simulator.libraries())) {
      long opened = simulator.counters().dispatches();

      backend.load(RandomTensor.of(DType.Q4_K, 2, 256, 1));
      long first = simulator.counters().dispatches();
      backend.load(RandomTensor.of(DType.Q4_K, 2, 256, 2));

      assertThat(first).isGreaterThan(opened);
      assertThat(simulator.counters().dispatches()).isEqualTo(first);
    }
  }

  @Test
  void shouldComputeTheSameBitsInAnyOrder() {
    float[][] logits =
        Arrays.stream(Order.values())
            .map(order -> {
              simulator.order(order, 5);
              return logits(DType.Q8_0);
            })
            .toArray(float[][]::new);

    assertThat(logits[1]).isEqualTo(logits[0]);
    assertThat(logits[2]).isEqualTo(logits[0]);
  }

  private float[] logits(DType dtype) {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      ModelConfig config = config(2);
      Llama llama = Llama.load(config, new RandomWeights(config, dtype, 1), backend, 40, 1);
      float[] logits = new float[config.vocabSize()];
      try (KvCache cache = backend.allocate(config.kvShape(), 2, backend.cacheType())) {
        backend.read(llama.forward(batch(0, 36), cache), 0, logits);
        backend.read(llama.forward(batch(36, 1), cache), 0, logits);
      }
      return logits;
    }
  }

  @Test
  void shouldReleaseAllObjects() {
    long before = simulator.liveObjects();

    logits(DType.F16);

    assertThat(simulator.liveObjects()).isEqualTo(before);
    assertThat(simulator.openPools()).isZero();
  }

  @Test
  void shouldTakeOneCommandBufferAndOneWaitForAStep() {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      ModelConfig config = config(LAYERS);
      Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 8, 8);
      try (KvCache cache = backend.allocate(config.kvShape(), 4, backend.cacheType())) {
        llama.forward(batch(0, 1), cache);
        Counters before = simulator.counters();

        llama.forward(batch(1, 1), cache);

        Counters step = simulator.counters().since(before);
        assertThat(step.commandBuffers()).isEqualTo(1);
        assertThat(step.waits()).isEqualTo(1);
        assertThat(step.buffers()).isZero();
        // Embedding, two rows gathered, norm, output and its largest; each layer has 8 dispatches.
        assertThat(step.dispatches()).isEqualTo(6 + LAYERS * 8);
        // None before the first and the second row.
        assertThat(step.scopeBarriers()).isEqualTo(4 + LAYERS * 8);
      }
    }
  }

  @Test
  void shouldLetADispatchWaitOnlyForWhatItDependsOn() {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      Activation[] x = new Activation[4];
      Arrays.setAll(x, i -> backend.allocate(2, 8));
      Counters before = simulator.counters();

      backend.swiglu(x[0], x[1], 2);
      backend.swiglu(x[2], x[1], 2);
      assertThat(simulator.counters().since(before).scopeBarriers()).as("independent").isZero();
      backend.swiglu(x[3], x[0], 2);
      assertThat(simulator.counters().since(before).scopeBarriers()).as("after a write").isOne();
      backend.swiglu(x[1], x[2], 2);
      assertThat(simulator.counters().since(before).scopeBarriers()).as("not again").isOne();
      backend.swiglu(x[0], x[2], 2);
      assertThat(simulator.counters().since(before).scopeBarriers())
          .as("after a read")
          .isEqualTo(2);
      backend.commit();
    }
  }

  @Test
  void shouldTakeOneCommandBufferForDecodingBesidePrefill() {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      ModelConfig config = config(2);
      Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 40, 4);
      try (KvCache cache = backend.allocate(config.kvShape(), 4, backend.cacheType())) {
        int[] positions = IntStream.concat(IntStream.of(0, 0), IntStream.range(0, 20)).toArray();
        int[] sequences =
            IntStream.concat(IntStream.of(0, 1), IntStream.generate(() -> 2).limit(20)).toArray();
        int[][] pages = {{0}, {1}, {2}};
        int[] outputs = {0, 1, 21};
        Batch mixed = new Batch(new int[22], positions, sequences, pages, outputs);
        Counters before = simulator.counters();

        llama.forward(mixed, cache);

        Counters step = simulator.counters().since(before);
        assertThat(step.commandBuffers()).isEqualTo(1);
        assertThat(step.waits()).isEqualTo(1);
        // Attention of the decoding tokens and of the others are two dispatches, side by side.
        assertThat(step.dispatches()).isEqualTo(6 + 2 * 9);
        assertThat(step.scopeBarriers()).isEqualTo(4 + 2 * 8);
      }
    }
  }

  @Test
  void shouldUseMappedWeightsWhereTheyAre(@TempDir Path folder) throws IOException {
    RandomTensor tensor = RandomTensor.of(DType.Q8_0, 64, 64, 1);
    Path file = folder.resolve("weights");
    byte[] content = new byte[5000 + tensor.content().length];
    System.arraycopy(tensor.content(), 0, content, 5000, tensor.content().length);
    Files.write(file, content);
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      long before = backend.available();

      MetalWeight mapped = (MetalWeight) backend.load(new Mapped(tensor, file, 5000));

      assertThat(mapped.offset()).isEqualTo(5000 % 4096);
      assertThat(
              mapped
                  .buffer()
                  .contents()
                  .asSlice(mapped.offset(), mapped.bytes())
                  .mismatch(MemorySegment.ofArray(tensor.content())))
          .isEqualTo(-1);
      assertThat(before - backend.available()).isEqualTo(tensor.content().length);
      assertThat(rows(backend, mapped)).isDeepEqualTo(rows(backend, backend.load(tensor)));
    }
  }

  private static float[][] rows(MetalBackend backend, Weight weight) {
    Activation out = backend.allocate(weight.rows(), weight.cols());
    int[] all = IntStream.range(0, weight.rows()).toArray();
    backend.embed(weight, new Batch(all, all, new int[all.length], new int[1][0], all), out);
    backend.commit();
    float[][] rows = new float[weight.rows()][weight.cols()];
    for (int row = 0; row < rows.length; row++) {
      backend.read(out, row, rows[row]);
    }
    return rows;
  }

  @Test
  void shouldRefuseMoreThanTheGpuCanUse() {
    simulator.limits(1024, 1 << 22, 3 << 20);
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      KvCache.Shape shape = new KvCache.Shape(2, 2, 64);
      long buffers = simulator.counters().buffers();
      int pages = Math.toIntExact(backend.available() / backend.pageBytes(shape, DType.F32));

      assertThatIllegalArgumentException()
          .isThrownBy(() -> backend.allocate(shape, pages + 1, DType.F32))
          .withMessageContaining("of the 3,145,728 that the GPU can use");
      assertThat(simulator.counters().buffers()).isEqualTo(buffers);
      backend.allocate(shape, pages, DType.F32).close();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> backend.allocate(1024, 1024))
          .withMessageContaining("an activation [1,024, 1,024] needs");
    }
  }

  @Test
  void shouldKeepWeightsAndCacheOnTheGpu() {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      KvCache cache = backend.allocate(new KvCache.Shape(1, 1, 32), 3, DType.F32);
      MetalWeight weight = (MetalWeight) backend.load(RandomTensor.of(DType.Q8_0, 64, 64, 1));
      rows(backend, weight);
      long resident = simulator.residentBytes();

      cache.close();
      rows(backend, weight);

      assertThat(resident).isGreaterThan(cache.bytes() + weight.bytes());
      // The second rows are an activation more.
      assertThat(simulator.residentBytes())
          .isEqualTo(resident - cache.bytes() + Float.BYTES * 64 * 64);
    }
    assertThat(simulator.residentBytes()).isZero();
  }

  @Test
  void shouldRunWhereTheSystemHasNoResidencySets() {
    float[] expected = logits(DType.Q8_0);
    simulator.macOs(14);

    float[] found = logits(DType.Q8_0);

    assertThat(found).isEqualTo(expected);
    assertThat(simulator.residentBytes()).isZero();
  }

  @Test
  void shouldTellWhyAStepFailed() {
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      Activation x = backend.allocate(1, 8);
      backend.swiglu(x, backend.allocate(1, 8), 1);
      simulator.failNext("Caused GPU Timeout Error");

      assertThatIllegalStateException()
          .isThrownBy(backend::commit)
          .withMessageContaining("Caused GPU Timeout Error");
    }
  }

  @Test
  void shouldForgetAStepThatIsNotCommitted() {
    long before = simulator.liveObjects();
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      backend.swiglu(backend.allocate(1, 8), backend.allocate(1, 8), 1);
    }

    assertThat(simulator.liveObjects()).isEqualTo(before);
  }

  private static ModelConfig config(int layers) {
    Rope rope = Rope.standard(32, 10_000, Rope.Pairing.INTERLEAVED);
    return new ModelConfig(
        "llama", 96, 64, layers, 2, 1, 32, 96, 1e-5f, 2048, rope, ModelConfig.unlimited(layers));
  }

  /** Consecutive tokens of one sequence; the last one's logits are wanted. */
  private static Batch batch(int first, int count) {
    int[] positions = IntStream.range(first, first + count).toArray();
    int[][] pages = {IntStream.rangeClosed(0, (first + count - 1) / 32).toArray()};
    int[] outputs = {count - 1};
    return new Batch(new int[count], positions, new int[count], pages, outputs);
  }

  /** A tensor that stands in a file. */
  private record Mapped(RandomTensor tensor, Path file, long offset) implements TensorSource {
    @Override
    public String name() {
      return "mapped";
    }

    @Override
    public WeightType dtype() {
      return tensor.dtype();
    }

    @Override
    public int rows() {
      return tensor.rows();
    }

    @Override
    public int cols() {
      return tensor.cols();
    }

    @Override
    public MemorySegment map(Arena arena) {
      try (FileChannel channel = FileChannel.open(file)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes(), arena);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
