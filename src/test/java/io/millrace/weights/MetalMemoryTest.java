package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.metal.MetalBackend;
import io.millrace.metal.Simulator;
import io.millrace.metal.Simulator.Allocation;
import io.millrace.model.Llama;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every buffer that a model has on the GPU, from its files to the second step. */
class MetalMemoryTest {
  private static final int PAGES = 3;
  private static final long LARGEST_BUFFER = 1L << 32;

  @TempDir private Path folder;
  private Simulator simulator;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
    assertThat(simulator.allocations()).as("of other tests").isEmpty();
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
    assertThat(simulator.allocations()).isEmpty();
    simulator.reset();
  }

  /** Formats of several files. */
  private enum Format {
    SPLIT_GGUF,
    SHARDED_SAFETENSORS
  }

  @ParameterizedTest
  @EnumSource
  void shouldMapTheFilesAndCountWhatItAllocates(Format format) {
    RandomModel model = new RandomModel(8).rounded(Type.F16);
    try (Checkpoint checkpoint = Checkpoint.open(write(model, format));
        MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      long limit = backend.available() + bytes(simulator.allocations());

      Llama llama = Llama.load(checkpoint.config(), checkpoint.weights(), backend, 4, 1);

      List<Allocation> loaded = simulator.allocations();
      assertThat(loaded).filteredOn(Allocation::mapped).hasSize(model.weights.size());
      assertThat(ownBytes(loaded) + llama.weightBytes()).isEqualTo(limit - backend.available());
      try (KvCache cache =
          backend.allocate(checkpoint.config().kvShape(), PAGES, backend.cacheType())) {
        llama.forward(token(0), cache);
        List<Allocation> stepped = simulator.allocations();
        long buffers = simulator.counters().buffers();
        llama.forward(token(1), cache);

        assertThat(ownBytes(stepped)).isEqualTo(ownBytes(loaded) + cache.bytes());
        assertThat(ownBytes(stepped) + llama.weightBytes()).isEqualTo(limit - backend.available());
        assertThat(simulator.residentBytes()).as("resident").isEqualTo(bytes(stepped));
        assertThat(simulator.allocations()).as("by the second step").isEqualTo(stepped);
        assertThat(simulator.counters().buffers()).isEqualTo(buffers);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseABudgetThatIsOneByteTooSmall(Format format) {
    Path files = write(new RandomModel(8).rounded(Type.F16), format);
    long available = cacheIn(files, Long.MAX_VALUE);

    cacheIn(files, Long.MAX_VALUE - available);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> cacheIn(files, Long.MAX_VALUE - available - 1))
        .withMessageContaining("a KV cache of 3 pages needs")
        .withMessageContaining("take a smaller model, fewer slots or less --memory");
  }

  /** Loads a model with a cache on a GPU with so much memory; returns what is left. */
  private long cacheIn(Path files, long workingSet) {
    simulator.limits(1024, LARGEST_BUFFER, workingSet);
    try (Checkpoint checkpoint = Checkpoint.open(files);
        MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      Llama.load(checkpoint.config(), checkpoint.weights(), backend, 4, 1);
      List<Allocation> loaded = simulator.allocations();
      try (KvCache _ =
          backend.allocate(checkpoint.config().kvShape(), PAGES, backend.cacheType())) {
        return backend.available();
      } catch (IllegalArgumentException e) {
        assertThat(simulator.allocations()).as("after it is refused").isEqualTo(loaded);
        throw e;
      }
    }
  }

  private static long bytes(List<Allocation> allocations) {
    return allocations.stream().mapToLong(Allocation::length).sum();
  }

  /** Bytes that are not those of files. */
  private static long ownBytes(List<Allocation> allocations) {
    return bytes(allocations.stream().filter(a -> !a.mapped()).toList());
  }

  private static Batch token(int position) {
    return new Batch(
        new int[] {7}, new int[] {position}, new int[1], new int[][] {{0, 1, 2}}, new int[1]);
  }

  private Path write(RandomModel model, Format format) {
    return switch (format) {
      case SPLIT_GGUF -> writeGguf(model);
      case SHARDED_SAFETENSORS -> writeSafetensors(model);
    };
  }

  private Path writeGguf(RandomModel model) {
    GgufWriter first =
        GgufFamilyTest.metadata(model, "llama")
            .put("split.no", (short) 0)
            .put("split.count", (short) 2)
            .put("split.tensors.count", model.weights.size());
    GgufWriter second = new GgufWriter().put("split.no", (short) 1).put("split.count", (short) 2);
    model.weights.forEach((name, values) ->
        GgufFamilyTest.tensor(name.contains("blk.1") ? second : first, Type.F16, name, values));
    second.write(folder.resolve("model-00002-of-00002.gguf"));
    return first.write(folder.resolve("model-00001-of-00002.gguf"));
  }

  private Path writeSafetensors(RandomModel model) {
    SafetensorsWriter[] shards = {new SafetensorsWriter(), new SafetensorsWriter()};
    model.write(
        TensorNames.HUGGING_FACE,
        (name, values) ->
            HuggingFaceFolder.plain(
                shards[name.contains("layers.1") ? 1 : 0], Type.F16, name, values));
    shards[0].write(folder.resolve("model-00000-of-2.safetensors"));
    shards[1].write(folder.resolve("model-00001-of-2.safetensors"));
    ObjectNode config = model.huggingFaceConfig("llama");
    RandomModel.write(folder, config);
    return folder;
  }
}
