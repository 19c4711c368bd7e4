package io.millrace.cli;

import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceClientException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Ends prompts that nobody wants any more. */
@Command(
    name = "cancel",
    description = {
      "Ends prompts, waiting or running: each gets a completion with the error 'cancelled'.",
      "One that has ended, or that nobody knows, stays as it is."
    },
    footer = {"", "Example:", "  millrace cancel story-17 story-18"})
final class CancelCommand implements Callable<Integer> {
  @Mixin private KafkaOptions kafka;

  @Parameters(paramLabel = "ID", arity = "1..*", description = "Ids of the prompts.")
  private List<String> ids;

  @Override
  public Integer call() {
    KafkaOptions.silenceClients();
    try (MillraceClient client = new MillraceClient(kafka.clients(), kafka.topics())) {
      List<CompletableFuture<Void>> sent = ids.stream().map(client::cancel).toList();
      sent.forEach(CompletableFuture::join);
    } catch (CompletionException e) {
      throw e.getCause() instanceof MillraceClientException failure ? failure : e;
    }
    return 0;
  }
}
