package io.millrace.model;

import static java.util.Objects.requireNonNull;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The Llama transformer (Touvron et al., 2023): token embedding, blocks of attention and MLP around
 * a residual stream, a last norm, and the output projection. Used by one thread at a time.
 */
public final class Llama {
  /** Logits that {@link #top} gives: more than most filters of sampling keep. */
  private static final int TOP = 128;

  private static final float[] NO_FACTORS = {};

  private final ModelConfig config;
  private final Backend backend;
  private final Weight tokenEmbedding;
  private final List<TransformerBlock> blocks;
  private final Weight outputNorm;
  private final Weight output;
  private final Activation hidden;
  private final Activation delta;
  private final Activation last;
  private final Activation lastDelta;
  private final Activation logits;
  private final Activation likeliest;
  private final Activation top;
  private final long weightBytes;

  private Llama(
      ModelConfig config,
      Backend backend,
      Weight tokenEmbedding,
      List<TransformerBlock> blocks,
      Weight outputNorm,
      Weight output,
      long weightBytes,
      int maxTokens,
      int maxOutputs) {
    this.config = config;
    this.backend = backend;
    this.tokenEmbedding = tokenEmbedding;
    this.blocks = List.copyOf(blocks);
    this.outputNorm = outputNorm;
    this.output = output;
    this.weightBytes = weightBytes;
    this.hidden = backend.allocate(maxTokens, config.dim());
    this.delta = backend.allocate(maxTokens, config.dim());
    this.last = backend.allocate(maxOutputs, config.dim());
    this.lastDelta = backend.allocate(maxOutputs, config.dim());
    this.logits = backend.allocate(maxOutputs, config.vocabSize());
    this.likeliest = backend.allocate(maxOutputs, 1);
    this.top = backend.allocate(maxOutputs, 2 * Math.min(TOP, config.vocabSize()) + 1);
  }

  /**
   * Loads the weights into the backend.
   *
   * @param maxTokens most tokens of a batch
   * @param maxOutputs most rows of a batch whose logits are wanted
   * @throws IllegalArgumentException when a weight is missing or has another shape than {@code
   *     config} says
   */
  public static Llama load(
      ModelConfig config, WeightSet weights, Backend backend, int maxTokens, int maxOutputs) {
    requireNonNull(backend, "backend is null");
    WeightLoader loader = new WeightLoader(weights, backend);
    Weight tokenEmbedding = loader.load("token_embd.weight", config.vocabSize(), config.dim());
    TransformerBlock.Scratch scratch = new TransformerBlock.Scratch(config, backend, maxTokens);
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new TransformerBlock(config, backend, loader, layer, scratch));
    }
    Weight outputNorm = loader.load("output_norm.weight", 1, config.dim());
    // Without an output projection of its own, a model uses its embedding (tied weights).
    Weight output =
        loader.find("output.weight", config.vocabSize(), config.dim()).orElse(tokenEmbedding);
    return new Llama(
        config,
        backend,
        tokenEmbedding,
        blocks,
        outputNorm,
        output,
        loader.bytes(),
        maxTokens,
        maxOutputs);
  }

  /**
   * One forward pass. The keys and values of the batch's tokens are written to {@code cache}.
   *
   * @return logits {@code [batch.outputs, vocabSize]}, valid until the next pass
   */
  public Activation forward(Batch batch, KvCache cache) {
    return forward(batch, cache, NO_FACTORS);
  }

  /**
   * The same, and finds the {@link #top} logits of each row.
   *
   * @param factors of the differences of logits in {@link TopLogits#sum}, one for each row: one
   *     over the temperature
   */
  public Activation forward(Batch batch, KvCache cache, float[] factors) {
    int outputs = batch.outputs().length;
    if (batch.size() > hidden.rows() || outputs > logits.rows()) {
      throw new IllegalArgumentException(
          "a batch of %d tokens and %d outputs, room for %d and %d"
              .formatted(batch.size(), outputs, hidden.rows(), logits.rows()));
    }
    backend.embed(tokenEmbedding, batch, hidden);
    for (TransformerBlock block : blocks) {
      block.forward(hidden, delta, batch, cache);
    }
    if (outputs > 0) {
      backend.gather(hidden, batch.outputs(), last);
      backend.gather(delta, batch.outputs(), lastDelta);
      backend.addRmsNorm(last, lastDelta, outputNorm, config.normEpsilon(), outputs, lastDelta);
      backend.matmul(output, lastDelta, outputs, logits);
      backend.argmax(logits, outputs, likeliest);
    }
    if (factors.length > 0) {
      backend.topK(logits, factors, top);
    }
    backend.commit();
    return logits;
  }

  /**
   * The token of the largest logit in a row of the last pass, of equal ones the lowest; nothing
   * when a logit is not finite. Cheaper than to read the row.
   */
  public OptionalInt likeliest(int row) {
    float[] token = new float[1];
    backend.read(likeliest, row, token);
    return token[0] < 0 ? OptionalInt.empty() : OptionalInt.of((int) token[0]);
  }

  /**
   * The largest logits of a row, when the last pass was asked for them; nothing when a logit is not
   * finite. Cheaper than to read and order the row.
   */
  public Optional<TopLogits> top(int row) {
    float[] result = new float[top.cols()];
    backend.read(top, row, result);
    if (result[0] < 0) {
      return Optional.empty();
    }
    int k = result.length / 2;
    int[] tokens = new int[k];
    Arrays.setAll(tokens, i -> (int) result[i]);
    return Optional.of(new TopLogits(tokens, Arrays.copyOfRange(result, k, 2 * k), result[2 * k]));
  }

  public ModelConfig config() {
    return config;
  }

  /** Most tokens of a batch. */
  public int maxTokens() {
    return hidden.rows();
  }

  /** Most rows of a batch whose logits are wanted. */
  public int maxOutputs() {
    return logits.rows();
  }

  /** Resident bytes of the weights. */
  public long weightBytes() {
    return weightBytes;
  }

  /** Bytes of weights that each pass reads: of an embedding that is not the output, only rows. */
  public long bytesPerPass() {
    return output == tokenEmbedding ? weightBytes : weightBytes - tokenEmbedding.bytes();
  }
}
