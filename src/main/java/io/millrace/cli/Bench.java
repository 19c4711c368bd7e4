package io.millrace.cli;

import io.millrace.engine.Transformer;
import io.millrace.model.Llama;
import io.millrace.tensor.KvCache;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Measures a model: prefill of several prompts, one after another, then decoding all together. */
final class Bench {
  private static final long WARM_UP_NANOS = 2_000_000_000L;

  private final Transformer transformer;
  private final Llama llama;
  private final int promptTokens;
  private final int generateTokens;

  Bench(Transformer transformer, int promptTokens, int generateTokens) {
    this.transformer = transformer;
    this.llama = transformer.llama();
    this.promptTokens = promptTokens;
    this.generateTokens = generateTokens;
  }

  /**
   * One measurement.
   *
   * @param prefillSeconds for the prompts of all sequences
   * @param decodeSeconds for all generated tokens of all sequences
   * @param bytesRead by the decoding steps: the weights once a step, and the KV cache in use
   */
  record Result(int batch, double prefillSeconds, double decodeSeconds, double bytesRead) {}

  /** Runs {@code batch} sequences, after having run them for a while to warm up. */
  Result measure(int batch) {
    int pagesPerSequence = Math.ceilDiv(promptTokens + generateTokens, KvCache.PAGE_TOKENS);
    try (KvCache cache = transformer.allocateCache(batch * pagesPerSequence)) {
      long start = System.nanoTime();
      do {
        prefill(cache, batch, pagesPerSequence);
        decode(cache, batch, pagesPerSequence, Math.min(8, generateTokens));
      } while (System.nanoTime() - start < WARM_UP_NANOS);
      double prefillSeconds = prefill(cache, batch, pagesPerSequence);
      double decodeSeconds = decode(cache, batch, pagesPerSequence, generateTokens);
      return new Result(batch, prefillSeconds, decodeSeconds, bytesRead(batch));
    }
  }

  private double prefill(KvCache cache, int batch, int pagesPerSequence) {
    int[] prompt = new int[promptTokens];
    SplittableRandom random = new SplittableRandom(1);
    Arrays.setAll(prompt, i -> random.nextInt(llama.config().vocabSize()));
    long start = System.nanoTime();
    for (int sequence = 0; sequence < batch; sequence++) {
      SequenceBatches.prefill(llama, cache, prompt, sequence, pagesPerSequence);
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private double decode(KvCache cache, int batch, int pagesPerSequence, int steps) {
    int[] tokens = new int[batch];
    SplittableRandom random = new SplittableRandom(2);
    long start = System.nanoTime();
    for (int step = 0; step < steps; step++) {
      Arrays.setAll(tokens, i -> random.nextInt(llama.config().vocabSize()));
      llama.forward(SequenceBatches.decode(tokens, promptTokens + step, pagesPerSequence), cache);
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private double bytesRead(int batch) {
    double pageBytes = transformer.pageBytes();
    double tokensRead = promptTokens + (generateTokens + 1) / 2.0;
    double cacheBytes = batch * tokensRead * pageBytes / KvCache.PAGE_TOKENS;
    return generateTokens * (llama.bytesPerPass() + cacheBytes);
  }
}
