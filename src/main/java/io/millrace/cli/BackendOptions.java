package io.millrace.cli;

import io.millrace.worker.LocalModel;
import io.millrace.worker.ModelOptions;
import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import io.millrace.worker.Settings;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Where a model runs, and how much memory it may take: flags that win over settings. */
final class BackendOptions {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--backend",
      paramLabel = "auto|metal|cpu",
      description = "What computes (default: auto).")
  private Optional<BackendChoice> backend;

  @Option(
      names = "--memory",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      description =
          "For weights and KV cache, such as 12G (default: 60%% of the machine's memory).")
  private Optional<Long> memory;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute on the CPU (default: all processors).")
  private Optional<Integer> threads;

  @Option(
      names = "--kv-type",
      paramLabel = "auto|f32|f16|q8_0",
      description = {
        "What the KV cache keeps keys and values in (default: auto, which is f32 on the CPU,",
        "f16 on a GPU). f16 and q8_0 take a half and about a quarter of the memory of f32."
      })
  private Optional<KvType> kvType;

  /** Opens a model with room for {@code slots} sequences at the same time. */
  LocalModel open(ModelOption model, int slots) {
    return LocalModel.open(model.path(), options(slots));
  }

  ModelOptions options(int slots) {
    return ModelOptions.of(
        over(Settings.defaults()).with(Settings.WORKER_SLOTS, Integer.toString(slots)));
  }

  /** Threads that compute on the CPU. */
  int threads() {
    return options(1).threads();
  }

  /** Puts these flags, where they are given, over settings. */
  Settings over(Settings settings) {
    try {
      Settings changed = settings;
      if (backend.isPresent()) {
        String name = backend.get().name().toLowerCase(Locale.ROOT);
        changed = changed.with(Settings.WORKER_BACKEND, name);
      }
      if (memory.isPresent()) {
        changed = changed.with(Settings.WORKER_MEMORY, memory.get().toString());
      }
      if (kvType.isPresent()) {
        String name = kvType.get().name().toLowerCase(Locale.ROOT);
        changed = changed.with(Settings.WORKER_KV_TYPE, name);
      }
      if (threads.isPresent()) {
        changed = changed.with(Settings.WORKER_THREADS, threads.get().toString());
      }
      return changed;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
