package io.millrace.cli;

import io.millrace.weights.Checkpoint;
import io.millrace.weights.CheckpointException;
import io.millrace.weights.CheckpointSummary;
import io.millrace.weights.CheckpointSummary.TypeShare;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code millrace inspect}: what is in a model, without loading it. */
@Command(
    name = "inspect",
    description = "Prints what is in a model: architecture, size, quantization, tokenizer.",
    footer = {"", "Example:", "  millrace inspect --model stories.gguf"})
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (Checkpoint checkpoint = model.open()) {
      print(checkpoint, out);
    }
    out.flush();
    return 0;
  }

  private void print(Checkpoint checkpoint, PrintWriter out) {
    CheckpointSummary summary = checkpoint.summary();
    line(out, "model", model.name().orElseGet(checkpoint::name));
    line(out, "file", format("%s, %,d bytes", summary.format(), summary.fileBytes()));
    line(out, "architecture", summary.architecture().orElse("not named"));
    line(out, "parameters", format("%,d", summary.parameters()));
    summary.types().forEach(type -> line(out, "  " + type.type(), describe(type)));
    line(
        out,
        "context",
        summary.contextLength().isPresent()
            ? format("%,d tokens", summary.contextLength().getAsInt())
            : "not named");
    line(
        out,
        "tokenizer",
        summary
            .tokenizer()
            .map(kind -> format("%s, %,d tokens", kind, summary.vocabSize()))
            .orElse("none"));
    line(out, "chat template", summary.chatTemplate() ? "yes" : "no");
    line(out, "fingerprint", checkpoint.fingerprint());
    line(out, "runs here", runsHere(checkpoint));
  }

  private static String describe(TypeShare type) {
    return format(
        "%,d parameters in %,d tensors, %,d bytes", type.elements(), type.tensors(), type.bytes());
  }

  /** Whether this build can compute with the model; if not, the first reason. */
  private static String runsHere(Checkpoint checkpoint) {
    List<Consumer<Checkpoint>> needs =
        List.of(Checkpoint::config, Checkpoint::weights, Checkpoint::tokenizer);
    try {
      needs.forEach(need -> need.accept(checkpoint));
      return "yes";
    } catch (CheckpointException e) {
      return "no: " + e.getMessage();
    }
  }

  private static void line(PrintWriter out, String label, String text) {
    out.println(format("%-15s", label) + text);
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
