package io.millrace.worker;

import io.millrace.engine.BatchEngine;
import io.millrace.engine.Engine;
import io.millrace.engine.Transformer;
import io.millrace.text.Tokenizer;
import io.millrace.weights.Checkpoint;
import java.nio.file.Path;
import java.time.InstantSource;

/** A checkpoint on disk that runs on this machine. */
public final class LocalModel implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final ModelOptions options;

  private LocalModel(Checkpoint checkpoint, ModelOptions options) {
    this.checkpoint = checkpoint;
    this.options = options;
  }

  /**
   * Opens a model; its weights are loaded later.
   *
   * @throws io.millrace.weights.CheckpointException when the file is no model that this build reads
   */
  public static LocalModel open(Path path, ModelOptions options) {
    return new LocalModel(Checkpoint.open(path), options);
  }

  /** Default name on topics: that of the file. */
  public String name() {
    return checkpoint.name();
  }

  public Tokenizer tokenizer() {
    return checkpoint.tokenizer();
  }

  /**
   * Loads the weights.
   *
   * @throws io.millrace.weights.CheckpointException when the file is no model that this build reads
   * @throws IllegalArgumentException when the backend cannot compute with them
   */
  public Transformer load() {
    return options.load(checkpoint.config(), checkpoint.weights());
  }

  /**
   * Loads the weights and starts an engine on them; close it before this model.
   *
   * @throws io.millrace.weights.CheckpointException when the file is no model that this build reads
   * @throws IllegalArgumentException when it does not fit the memory
   */
  public Engine startEngine() {
    Tokenizer tokenizer = tokenizer(); // before the weights: a bad vocabulary shows at once
    Transformer transformer = load();
    try {
      BatchEngine.Settings settings =
          new BatchEngine.Settings(
              options.slots(),
              options.pages(transformer),
              checkpoint.fingerprint(),
              Version.current() + "+" + transformer.backend().name());
      return BatchEngine.start(
          transformer,
          this::load,
          tokenizer,
          checkpoint.chatTemplate(),
          settings,
          InstantSource.system());
    } catch (Throwable e) {
      transformer.close();
      throw e;
    }
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
