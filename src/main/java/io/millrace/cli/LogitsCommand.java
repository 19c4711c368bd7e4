package io.millrace.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.engine.Transformer;
import io.millrace.model.Llama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.KvCache;
import io.millrace.worker.LocalModel;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a model says comes after given tokens, to compare it with other programs. */
@Command(
    name = "logits",
    description = "Prints the logits that follow the given tokens.",
    footer = {"", "Example:", "  millrace logits --model m.gguf --tokens 1,403,407 --json"})
final class LogitsCommand implements Callable<Integer> {
  private static final int SHOWN = 10;

  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;
  @Mixin private BackendOptions backend;

  @Option(
      names = "--tokens",
      paramLabel = "ID",
      split = ",",
      required = true,
      description = "Token ids, separated by commas.")
  private List<Integer> tokens;

  @Option(names = "--json", description = "All logits as one line of JSON.")
  private boolean json;

  @Override
  public Integer call() {
    try (LocalModel local = backend.open(model, 1);
        Transformer transformer = local.load()) {
      check(transformer.llama());
      float[] logits = lastLogits(transformer);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("tokens", tokens);
        line.put("logits", logits);
        out.println(new ObjectMapper().valueToTree(line).toString());
      } else {
        IntStream.range(0, logits.length)
            .boxed()
            .sorted((a, b) -> Float.compare(logits[b], logits[a]))
            .limit(SHOWN)
            .forEach(
                id -> out.printf("%8d  %10.5f  %s%n", id, logits[id], local.tokenizer().piece(id)));
      }
      out.flush();
    }
    return 0;
  }

  private float[] lastLogits(Transformer transformer) {
    Llama llama = transformer.llama();
    Backend device = transformer.backend();
    int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
    int pages = Math.ceilDiv(ids.length, KvCache.PAGE_TOKENS);
    try (KvCache cache = transformer.allocateCache(pages)) {
      Activation rows = SequenceBatches.prefill(llama, cache, ids);
      float[] logits = new float[llama.config().vocabSize()];
      device.read(rows, 0, logits);
      return logits;
    }
  }

  private void check(Llama llama) {
    int vocabSize = llama.config().vocabSize();
    for (int token : tokens) {
      if (token < 0 || token >= vocabSize) {
        throw new ParameterException(
            spec.commandLine(),
            "token %d is not one of the model's, which are 0 to %d"
                .formatted(token, vocabSize - 1));
      }
    }
    if (tokens.size() > llama.config().contextLength()) {
      throw new ParameterException(
          spec.commandLine(),
          "%d tokens, the model's context has %d"
              .formatted(tokens.size(), llama.config().contextLength()));
    }
  }
}
