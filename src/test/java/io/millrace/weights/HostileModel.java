package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.text.IncrementalDecoder;
import io.millrace.text.Tokenizer;
import io.millrace.weights.RandomModel.Type;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Files of each format that a stranger may have changed. Using one must end in a model or in a
 * {@link CheckpointException}, within two seconds and 256 MB.
 */
enum HostileModel {
  GGUF("model.gguf") {
    @Override
    byte[] seed() {
      return TinyModel.writer().put("x.nested", List.of(List.of(1, 2), List.of(3))).toBytes();
    }
  },
  SAFETENSORS("model.safetensors") {
    @Override
    byte[] seed() {
      RandomModel model = new RandomModel(8);
      SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
      model.write(
          TensorNames.HUGGING_FACE,
          (name, values) -> writer.tensor(name, "F16", Type.F16.bytes(values), shape(values)));
      return writer.toBytes();
    }
  },
  NPZ("weights.npz") {
    @Override
    byte[] seed() {
      return npz(false);
    }
  },
  DEFLATED_NPZ("weights.npz") {
    @Override
    byte[] seed() {
      return npz(true);
    }
  },
  CONFIG("config.json") {
    @Override
    byte[] seed() {
      var config = new RandomModel(8).huggingFaceConfig("llama");
      config.putObject("rope_scaling").put("type", "yarn").put("factor", 4).put("beta_fast", 8);
      config.putObject("quantization").put("bits", 4).put("group_size", 32);
      config.putArray("layer_types").add("full_attention").add("sliding_attention");
      return config.toPrettyString().getBytes(StandardCharsets.UTF_8);
    }
  },
  INDEX("model.safetensors.index.json") {
    @Override
    byte[] seed() {
      return "{\"weight_map\": {\"model.norm.weight\": \"model-1.safetensors\"}}".getBytes();
    }
  },
  TOKENIZER("tokenizer.model") {
    @Override
    byte[] seed() {
      ByteArrayOutputStream model = new ByteArrayOutputStream();
      List<String> pieces = TinyModel.pieces();
      for (int id = 0; id < pieces.size(); id++) {
        byte[] spelling = pieces.get(id).getBytes(StandardCharsets.UTF_8);
        int kind = id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
        message(
            model,
            1,
            ByteBuffer.allocate(spelling.length + 9)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0x0a)
                .put((byte) spelling.length)
                .put(spelling)
                .put((byte) 0x15)
                .putFloat(-id)
                .put((byte) 0x18)
                .put((byte) kind)
                .array());
      }
      message(model, 2, new byte[] {0x18, 2});
      message(model, 3, new byte[] {0x20, 0});
      return model.toByteArray();
    }
  };

  private static final Duration MOST_TIME = Duration.ofSeconds(2);
  private static final long MOST_BYTES = 256 << 20;

  private final String file;

  HostileModel(String file) {
    this.file = file;
  }

  /** A file with nothing wrong. */
  abstract byte[] seed();

  /**
   * Uses such a file in all ways.
   *
   * @param folder with nothing in it that another use needs
   * @return whether all of it could be used
   */
  boolean use(Path folder, byte[] content) {
    try {
      Files.write(folder.resolve(file), content);
      if (this != CONFIG) {
        Files.write(folder.resolve("config.json"), config());
      }
      if (this == CONFIG) {
        Files.write(folder.resolve("model.safetensors"), SAFETENSORS.seed());
      }
      if (this == INDEX) {
        Files.write(folder.resolve("model-1.safetensors"), SAFETENSORS.seed());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return use(this == GGUF ? folder.resolve(file) : folder);
  }

  private byte[] config() {
    RandomModel model = new RandomModel(8);
    String config =
        file.endsWith(".npz")
            ? "{\"dim\": 32, \"n_layers\": 2, \"n_heads\": 4, \"n_kv_heads\": 2, \"norm_eps\": 1e-5}"
            : model.huggingFaceConfig("llama").toString();
    return config.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Uses a model, once more when that took too much: the first time, classes are loaded too, and
   * under Jazzer instrumented.
   */
  private boolean use(Path model) {
    Use first = measure(model);
    Use use =
        first.time().compareTo(MOST_TIME) < 0 && first.bytes() < MOST_BYTES
            ? first
            : measure(model);
    assertThat(use.time()).isLessThan(MOST_TIME);
    assertThat(use.bytes()).isLessThan(MOST_BYTES);
    return use.usable();
  }

  private Use measure(Path model) {
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = thread.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    boolean usable = useAll(model);
    return new Use(
        usable,
        Duration.ofNanos(System.nanoTime() - start),
        thread.getCurrentThreadAllocatedBytes() - allocated);
  }

  /** What using a model came to. */
  private record Use(boolean usable, Duration time, long bytes) {}

  private boolean useAll(Path model) {
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      checkpoint.summary();
      checkpoint.fingerprint();
      if (this == TOKENIZER || this == GGUF) {
        useTokenizer(checkpoint.tokenizer());
      }
      if (this != TOKENIZER) {
        useWeights(checkpoint.config(), checkpoint.weights());
      }
      return true;
    } catch (CheckpointException e) {
      assertThat(e.getMessage()).hasSizeBetween(10, 1200).doesNotContain("\n");
      return false;
    }
  }

  private static void useTokenizer(Tokenizer tokenizer) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    for (int token : tokenizer.encodePrompt("ab </s> a\0 ü")) {
      decoder.add(token);
    }
  }

  private static void useWeights(ModelConfig config, WeightSet weights) {
    weights
        .find("token_embd.weight")
        .ifPresent(source -> {
          try (Arena arena = Arena.ofConfined()) {
            assertThat(source.map(arena).byteSize()).isEqualTo(source.bytes());
          }
        });
    assertThat(config.windows()).hasSize(config.layers());
  }

  private static byte[] npz(boolean deflated) {
    RandomModel model = new RandomModel(8);
    NpzWriter writer = new NpzWriter(deflated);
    model.write(
        TensorNames.META,
        (name, values) -> writer.array(name, "<f2", Type.F16.bytes(values), shape(values)));
    return writer.toBytes();
  }

  private static int[] shape(float[][] values) {
    return values.length == 1
        ? new int[] {values[0].length}
        : new int[] {values.length, values[0].length};
  }

  private static void message(ByteArrayOutputStream out, int field, byte[] content) {
    out.write(field << 3 | 2);
    out.write(content.length);
    out.writeBytes(content);
  }
}
