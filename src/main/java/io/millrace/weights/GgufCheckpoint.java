package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.text.Tokenizer;
import io.millrace.text.chat.ChatTemplate;
import io.millrace.weights.CheckpointSummary.TypeShare;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/** A GGUF file as a model. */
final class GgufCheckpoint implements Checkpoint {
  private final GgufFile gguf;
  private Optional<Tokenizer> tokenizer = Optional.empty();

  GgufCheckpoint(GgufFile gguf) {
    this.gguf = gguf;
  }

  @Override
  public String name() {
    return ModelName.of(gguf.file());
  }

  @Override
  public ModelConfig config() {
    return new GgufLlama(gguf).config();
  }

  @Override
  public WeightSet weights() {
    if (gguf.tensors().isEmpty()) {
      throw new CheckpointException(gguf.file(), "has no weights, only a vocabulary");
    }
    return new NamedWeights(gguf.file(), new GgufLlama(gguf).tensors(), UnaryOperator.identity());
  }

  @Override
  public synchronized Tokenizer tokenizer() {
    if (tokenizer.isEmpty()) {
      tokenizer = Optional.of(new GgufVocabulary(gguf).tokenizer());
    }
    return tokenizer.get();
  }

  @Override
  public Optional<ChatTemplate> chatTemplate() {
    return new GgufChatTemplate(gguf).find();
  }

  @Override
  public String fingerprint() {
    return gguf.fingerprint();
  }

  @Override
  public CheckpointSummary summary() {
    GgufMetadata metadata = gguf.metadata();
    GgufVocabulary vocabulary = new GgufVocabulary(gguf);
    List<TypeShare> types =
        TypeShare.mix(
            gguf.tensors().stream()
                .map(t -> new TypeShare(t.type().name(), 1, t.elements(), t.bytes())));
    Optional<String> architecture = metadata.label(GgufLlama.ARCHITECTURE_KEY);
    return new CheckpointSummary(
        "GGUF v%d%s"
            .formatted(
                gguf.version(), gguf.parts() > 1 ? " in %d files".formatted(gguf.parts()) : ""),
        gguf.size(),
        architecture,
        types.stream().mapToLong(TypeShare::elements).sum(),
        types,
        vocabulary.kind(),
        vocabulary.size(),
        architecture
            .map(name -> metadata.integer(name + ".context_length", 1, Integer.MAX_VALUE))
            .orElse(OptionalInt.empty()),
        metadata.has("tokenizer.chat_template"));
  }

  @Override
  public void close() {
    gguf.close();
  }
}
