package io.millrace.cli;

import io.millrace.worker.LocalModel;
import io.millrace.worker.ModelOptions;
import io.millrace.worker.ModelOptions.BackendChoice;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** Where a model runs, and how much memory it may take. */
final class BackendOptions {
  @Option(
      names = "--backend",
      paramLabel = "auto|metal|cpu",
      defaultValue = "auto",
      description = "What computes (default: ${DEFAULT-VALUE}).")
  private BackendChoice backend;

  @Option(
      names = "--memory",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      description =
          "For weights and KV cache, such as 12G (default: 60%% of the machine's memory).")
  private Long memory;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute on the CPU (default: all processors).")
  private Integer threads;

  /** Opens a model with room for {@code slots} sequences at the same time. */
  LocalModel open(ModelOption model, int slots) {
    return LocalModel.open(model.path(), options(slots));
  }

  ModelOptions options(int slots) {
    OptionalLong budget = memory == null ? OptionalLong.empty() : OptionalLong.of(memory);
    return new ModelOptions(backend, threads(), slots, budget);
  }

  /** Threads that compute on the CPU. */
  int threads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }
}
