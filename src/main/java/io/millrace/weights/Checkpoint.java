package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.text.Tokenizer;
import io.millrace.text.chat.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A model on disk. Opening it checks how the file is built; what is in it is checked when it is
 * asked for, so that a file that holds only a vocabulary still tokenizes. Thread-safe.
 *
 * <p>The file stays open until {@link #close}. Tensors that were mapped before stay mapped in their
 * arenas, and the tokenizer stays usable.
 */
public interface Checkpoint extends AutoCloseable {
  /**
   * Opens a GGUF file, or a folder with {@code config.json} and safetensors (Hugging Face, mlx-lm)
   * or npz files (the MLX examples).
   *
   * @throws CheckpointException when it cannot be read, is damaged, or is of another format
   */
  static Checkpoint open(Path path) {
    return Files.isDirectory(path)
        ? FolderCheckpoint.open(path)
        : new GgufCheckpoint(GgufFile.open(path));
  }

  /** Default name of the model: that of its file or folder, as far as topic names allow. */
  String name();

  /**
   * Shape of the model.
   *
   * @throws CheckpointException when this build cannot compute such a model
   */
  ModelConfig config();

  /**
   * The weights; none of them is in memory yet.
   *
   * @throws CheckpointException when this build cannot read the type of one, or has no use for it
   */
  WeightSet weights();

  /**
   * The tokenizer, loaded at the first call.
   *
   * @throws CheckpointException when there is none, or none that this build can use
   */
  Tokenizer tokenizer();

  /**
   * The chat template; empty when the model has none.
   *
   * @throws CheckpointException when it cannot be read
   */
  Optional<ChatTemplate> chatTemplate();

  /**
   * Identifies weights and tokenizer, in hexadecimal: files with equal fingerprints give the same
   * text. It is cheap: large tensors are sampled, not read in full.
   */
  String fingerprint();

  /** What is in the file, also when this build cannot use all of it. */
  CheckpointSummary summary();

  @Override
  void close();
}
