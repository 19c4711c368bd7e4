package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;

/** What the {@code config.json} of a folder says about the tensors beside it. */
sealed interface FolderModel permits HuggingFaceModel, MetaModel {
  /** The format, for people. */
  String format();

  /** The architecture, as the configuration names it. */
  String architecture();

  /**
   * Shape of the model.
   *
   * @throws CheckpointException when this build cannot compute such a model
   */
  ModelConfig config();

  /**
   * The weights.
   *
   * @throws CheckpointException when one is missing, does not belong or cannot be read
   */
  WeightSet weights();

  Quantization quantization();
}
