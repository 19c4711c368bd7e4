package io.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.weights.Checkpoint;
import io.millrace.weights.CheckpointException;
import io.millrace.weights.CheckpointSummary;
import io.millrace.weights.CheckpointSummary.TypeShare;
import io.millrace.worker.MemoryNeed;
import io.millrace.worker.ModelOptions.KvType;
import io.millrace.worker.Settings;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code millrace inspect}: what is in a model, without loading it. */
@Command(
    name = "inspect",
    description =
        "Prints what is in a model: architecture, size, quantization, tokenizer, memory needed.",
    footer = {"", "Example:", "  millrace inspect --model stories.gguf"})
final class InspectCommand implements Callable<Integer> {
  private static final int LABEL_CHARS = 15;

  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Option(
      names = "--slots",
      paramLabel = "N",
      description = "Sequences at the same time that memory is counted for (default: 8).")
  private int slots = Settings.defaults().get(Settings.WORKER_SLOTS);

  @Option(
      names = "--kv-type",
      paramLabel = "auto|f32|f16|q8_0",
      defaultValue = "auto",
      description = "Type of keys and values that memory is counted for (default: auto, f32).")
  private KvType kvType;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    if (slots < 1) {
      throw new ParameterException(
          spec.commandLine(), "--slots is %d, expected at least 1".formatted(slots));
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Checkpoint checkpoint = model.open()) {
      Report report = report(checkpoint);
      if (json) {
        out.println(report.toJson());
      } else {
        print(report, out);
      }
    }
    out.flush();
    return 0;
  }

  /**
   * What is printed.
   *
   * @param context positions that the model is made for, where the model is one that runs here
   * @param memory where the model is one that runs here
   * @param problem why it does not run here
   */
  private record Report(
      String name,
      CheckpointSummary summary,
      OptionalInt context,
      Optional<MemoryNeed> memory,
      String fingerprint,
      Optional<String> problem) {
    String toJson() throws JsonProcessingException {
      return new ObjectMapper()
          .writeValueAsString(
              new Json(
                  name,
                  summary.format(),
                  summary.fileBytes(),
                  summary.architecture().orElse(null),
                  summary.parameters(),
                  summary.types(),
                  context.isPresent() ? context.getAsInt() : null,
                  summary.tokenizer().orElse(null),
                  summary.vocabSize(),
                  summary.chatTemplate(),
                  memory
                      .map(m ->
                          new JsonMemory(
                              m.weights(), m.kvPerToken(), m.slots(), m.kvCache(), m.total()))
                      .orElse(null),
                  fingerprint,
                  problem.isEmpty(),
                  problem.orElse(null)));
    }
  }

  /** The line of {@code --json}; what is not known is null. */
  @JsonNaming(SnakeCaseStrategy.class)
  private record Json(
      String model,
      String format,
      long fileBytes,
      String architecture,
      long parameters,
      List<TypeShare> types,
      Integer contextLength,
      String tokenizer,
      int vocabSize,
      boolean chatTemplate,
      JsonMemory memory,
      String fingerprint,
      boolean runsHere,
      String problem) {}

  @JsonNaming(SnakeCaseStrategy.class)
  private record JsonMemory(
      long weightsBytes, long kvBytesPerToken, int slots, long kvCacheBytes, long totalBytes) {}

  private Report report(Checkpoint checkpoint) {
    CheckpointSummary summary = checkpoint.summary();
    Optional<MemoryNeed> memory = Optional.empty();
    OptionalInt context = summary.contextLength();
    Optional<String> problem = problem(checkpoint);
    if (problem.isEmpty()) {
      long weights = summary.types().stream().mapToLong(TypeShare::bytes).sum();
      memory = Optional.of(memoryNeed(checkpoint, weights));
      context = OptionalInt.of(checkpoint.config().contextLength());
    }
    return new Report(
        model.name().orElseGet(checkpoint::name),
        summary,
        context,
        memory,
        checkpoint.fingerprint(),
        problem);
  }

  private MemoryNeed memoryNeed(Checkpoint checkpoint, long weights) {
    try {
      return MemoryNeed.of(checkpoint.config(), weights, slots, kvType);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--kv-type: " + e.getMessage(), e);
    }
  }

  /** The first reason why this build cannot compute with the model, if there is one. */
  private static Optional<String> problem(Checkpoint checkpoint) {
    List<Consumer<Checkpoint>> needs =
        List.of(Checkpoint::config, Checkpoint::weights, Checkpoint::tokenizer);
    try {
      needs.forEach(need -> need.accept(checkpoint));
      return Optional.empty();
    } catch (CheckpointException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static void print(Report report, PrintWriter out) {
    CheckpointSummary summary = report.summary();
    line(out, "model", report.name());
    line(out, "file", format("%s, %,d bytes", summary.format(), summary.fileBytes()));
    line(out, "architecture", summary.architecture().orElse("not named"));
    line(out, "parameters", format("%,d", summary.parameters()));
    summary.types().forEach(type -> line(out, "  " + type.type(), describe(type)));
    line(
        out,
        "context",
        report.context().isPresent()
            ? format("%,d tokens", report.context().getAsInt())
            : "not named");
    line(
        out,
        "tokenizer",
        summary
            .tokenizer()
            .map(kind -> format("%s, %,d tokens", kind, summary.vocabSize()))
            .orElse("none"));
    line(out, "chat template", summary.chatTemplate() ? "yes" : "no");
    report.memory().ifPresent(memory -> print(memory, out));
    line(out, "fingerprint", report.fingerprint());
    line(out, "runs here", report.problem().map(problem -> "no: " + problem).orElse("yes"));
  }

  private static void print(MemoryNeed memory, PrintWriter out) {
    line(out, "memory", format("%,d bytes for %d slots", memory.total(), memory.slots()));
    line(out, "  weights", format("%,d bytes", memory.weights()));
    line(
        out,
        "  KV cache",
        format(
            "%,d bytes a token, %,d when all slots use the whole context",
            memory.kvPerToken(), memory.kvCache()));
  }

  private static String describe(TypeShare type) {
    return format(
        "%,d parameters in %,d tensors, %,d bytes", type.elements(), type.tensors(), type.bytes());
  }

  /** A label and a text; a label that is too long for its column has a space behind it. */
  private static void line(PrintWriter out, String label, String text) {
    out.println(label + " ".repeat(Math.max(1, LABEL_CHARS - label.length())) + text);
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
