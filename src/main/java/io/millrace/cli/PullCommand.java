package io.millrace.cli;

import io.millrace.hub.ModelReference;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code millrace pull}: a model from the Hugging Face Hub into its cache. */
@Command(
    name = "pull",
    description = {
      "Fetches a model from the Hugging Face Hub into its cache and prints where it is.",
      "Goes on where an earlier call was cut off. Reads HF_TOKEN, HF_ENDPOINT, HF_HOME,"
          + " HF_HUB_CACHE and HF_HUB_OFFLINE."
    },
    footer = {
      "",
      "Examples:",
      "  millrace pull mlx-community/Llama-3.2-1B-Instruct-4bit",
      "  millrace pull TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF tinyllama-1.1b-chat-v1.0.Q8_0.gguf"
    })
final class PullCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "REPO", description = "owner/name on the Hub.")
  private String repository;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "FILE",
      description = "One file of it; a GGUF file in several parts comes with all of them.")
  private String file;

  @Override
  public Integer call() {
    ModelReference whole = ModelReference.parse(repository);
    ModelReference reference =
        file == null ? whole : new ModelReference(whole.repository(), Optional.of(file));
    PrintWriter out = spec.commandLine().getOut();
    out.println(HubDownload.fetch(reference, spec.commandLine().getErr()));
    out.flush();
    return 0;
  }
}
