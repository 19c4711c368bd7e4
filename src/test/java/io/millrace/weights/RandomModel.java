package io.millrace.weights;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.model.Llama;
import io.millrace.model.ScalarLlama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.ReferenceBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * A model with random weights, to be written in any format, and judged: two blocks, four heads on
 * two key-value heads.
 */
final class RandomModel {
  static final int DIM = 32;
  static final int LAYERS = 2;
  static final int HEADS = 4;
  static final int KV_HEADS = 2;
  static final int FFN_DIM = 64;
  static final int VOCABULARY = 40;
  static final double EPSILON = 1e-5;
  static final int[] TOKENS = {1, 17, 3, 39, 0, 5, 5, 28, 11};

  final int headDim;

  /** By GGUF's names; vectors have one row. */
  final Map<String, float[][]> weights = new LinkedHashMap<>();

  private final Random random = new Random(42);

  /** How numbers are rounded, for types that cannot hold all of them. */
  enum Type {
    F32,
    F16,
    BF16;

    float round(float value) {
      return switch (this) {
        case F32 -> value;
        case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
        case BF16 -> Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff0000);
      };
    }

    void put(ByteBuffer bytes, float value) {
      switch (this) {
        case F32 -> bytes.putFloat(value);
        case F16 -> bytes.putShort(Float.floatToFloat16(value));
        case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
      }
    }

    /** Bytes of all elements, row by row. */
    byte[] bytes(float[][] values) {
      ByteBuffer bytes =
          ByteBuffer.allocate(values.length * values[0].length * (this == F32 ? 4 : 2))
              .order(ByteOrder.LITTLE_ENDIAN);
      for (float[] row : values) {
        for (float value : row) {
          put(bytes, value);
        }
      }
      return bytes.array();
    }
  }

  RandomModel(int headDim) {
    this.headDim = headDim;
    add("token_embd.weight", VOCABULARY, DIM, 1);
    add("output_norm.weight", 1, DIM, 1);
    add("output.weight", VOCABULARY, DIM, 0.3);
    eachBlock("attn_norm.weight", 1, DIM, 1);
    eachBlock("attn_q.weight", HEADS * headDim, DIM, 0.3);
    eachBlock("attn_k.weight", KV_HEADS * headDim, DIM, 0.3);
    eachBlock("attn_v.weight", KV_HEADS * headDim, DIM, 0.3);
    eachBlock("attn_output.weight", DIM, HEADS * headDim, 0.3);
    eachBlock("ffn_norm.weight", 1, DIM, 1);
    eachBlock("ffn_gate.weight", FFN_DIM, DIM, 0.3);
    eachBlock("ffn_up.weight", FFN_DIM, DIM, 0.3);
    eachBlock("ffn_down.weight", DIM, FFN_DIM, 0.3);
  }

  RandomModel withQkvBias() {
    eachBlock("attn_q.bias", 1, HEADS * headDim, 1);
    eachBlock("attn_k.bias", 1, KV_HEADS * headDim, 1);
    eachBlock("attn_v.bias", 1, KV_HEADS * headDim, 1);
    return this;
  }

  RandomModel withOtherBiases() {
    eachBlock("attn_output.bias", 1, DIM, 1);
    eachBlock("ffn_gate.bias", 1, FFN_DIM, 1);
    eachBlock("ffn_up.bias", 1, FFN_DIM, 1);
    eachBlock("ffn_down.bias", 1, DIM, 1);
    return this;
  }

  RandomModel withHeadNorms() {
    eachBlock("attn_q_norm.weight", 1, headDim, 1);
    eachBlock("attn_k_norm.weight", 1, headDim, 1);
    return this;
  }

  RandomModel tied() {
    weights.remove("output.weight");
    return this;
  }

  /** Rounds all weights to what a type can hold. */
  RandomModel rounded(Type type) {
    for (float[][] values : weights.values()) {
      for (float[] row : values) {
        for (int i = 0; i < row.length; i++) {
          row[i] = type.round(row[i]);
        }
      }
    }
    return this;
  }

  private void eachBlock(String part, int rows, int cols, double size) {
    for (int layer = 0; layer < LAYERS; layer++) {
      add("blk." + layer + "." + part, rows, cols, size);
    }
  }

  private void add(String name, int rows, int cols, double size) {
    float[][] values = new float[rows][cols];
    for (float[] row : values) {
      for (int i = 0; i < cols; i++) {
        row[i] = (float) (random.nextGaussian() * size);
      }
    }
    weights.put(name, values);
  }

  /** Passes each tensor in a format's names to a writer. */
  void write(TensorNames names, BiConsumer<String, float[][]> writer) {
    weights.forEach((name, values) -> writer.accept(names.fromGguf(name), values));
  }

  /** The {@code config.json} that goes with it. */
  ObjectNode huggingFaceConfig(String type) {
    return new ObjectMapper()
        .createObjectNode()
        .put("model_type", type)
        .put("hidden_size", DIM)
        .put("num_hidden_layers", LAYERS)
        .put("num_attention_heads", HEADS)
        .put("num_key_value_heads", KV_HEADS)
        .put("head_dim", headDim)
        .put("intermediate_size", FFN_DIM)
        .put("vocab_size", VOCABULARY)
        .put("rms_norm_eps", EPSILON)
        .put("max_position_embeddings", 128)
        .put("rope_theta", 10_000.0);
  }

  /** The judge, with an embedding that turns pairs as in the first paper. */
  ScalarLlama judge(boolean halves, int window) {
    return judge(halves, window, (position, pair) -> position * frequency(pair), 1);
  }

  ScalarLlama judge(boolean halves, int window, ScalarLlama.Angle angle, double ropeScale) {
    Map<String, double[][]> doubles = new LinkedHashMap<>();
    weights.forEach((name, values) -> {
      double[][] copy = new double[values.length][values[0].length];
      for (int row = 0; row < values.length; row++) {
        for (int col = 0; col < values[row].length; col++) {
          copy[row][col] = values[row][col];
        }
      }
      doubles.put(name, copy);
    });
    return new ScalarLlama(
        HEADS, KV_HEADS, headDim, EPSILON, window, doubles, angle, ropeScale, halves);
  }

  double frequency(int pair) {
    return Math.pow(10_000, -2.0 * pair / headDim);
  }

  static Path write(Path folder, ObjectNode config) {
    try {
      return Files.write(folder.resolve("config.json"), config.toString().getBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Logits after {@link #TOKENS}, as the product computes them on the reference backend. */
  static double[] logits(Path model) {
    try (Backend backend = new ReferenceBackend()) {
      return logits(model, backend);
    }
  }

  /** The same on another backend. */
  static double[] logits(Path model, Backend backend) {
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      int count = TOKENS.length;
      Llama llama = Llama.load(checkpoint.config(), checkpoint.weights(), backend, count, 1);
      try (KvCache cache = backend.allocate(llama.config().kvShape(), 1, backend.cacheType())) {
        Batch batch =
            new Batch(
                TOKENS,
                IntStream.range(0, count).toArray(),
                new int[count],
                new int[][] {{0}},
                new int[] {count - 1});
        Activation rows = llama.forward(batch, cache);
        float[] logits = new float[llama.config().vocabSize()];
        backend.read(rows, 0, logits);
        return IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
      }
    }
  }
}
