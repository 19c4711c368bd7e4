package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.tensor.TensorSource;
import io.millrace.text.Tokenizer;
import io.millrace.text.chat.ChatTemplate;
import io.millrace.weights.CheckpointSummary.TypeShare;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** A GGUF file as a model. */
final class GgufCheckpoint implements Checkpoint {
  private static final int MAX_NAME_CHARS = 200;

  private final GgufFile gguf;
  private Optional<Tokenizer> tokenizer = Optional.empty();

  GgufCheckpoint(GgufFile gguf) {
    this.gguf = gguf;
  }

  @Override
  public String name() {
    String safe =
        gguf.file()
            .getFileName()
            .toString()
            .replaceFirst("(?i)\\.gguf$", "")
            .replaceAll("[^A-Za-z0-9._-]", "-");
    return safe.isEmpty() ? "model" : safe.substring(0, Math.min(safe.length(), MAX_NAME_CHARS));
  }

  @Override
  public ModelConfig config() {
    return new GgufLlama(gguf).config();
  }

  @Override
  public WeightSet weights() {
    return new Weights(gguf.file(), new GgufLlama(gguf).tensors());
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
        gguf.tensors().stream().collect(Collectors.groupingBy(GgufTensor::type)).entrySet().stream()
            .map(type -> share(type.getKey(), type.getValue()))
            .sorted(Comparator.comparingLong(TypeShare::bytes).reversed())
            .toList();
    Optional<String> architecture = metadata.label(GgufLlama.ARCHITECTURE_KEY);
    return new CheckpointSummary(
        "GGUF v" + gguf.version(),
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

  private record Weights(Path file, Map<String, TensorSource> tensors) implements WeightSet {
    @Override
    public Optional<TensorSource> find(String name) {
      return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public TensorSource get(String name, int rows, int cols) {
      try {
        return WeightSet.super.get(name, rows, cols);
      } catch (IllegalArgumentException e) {
        throw new CheckpointException(file, e.getMessage(), e);
      }
    }
  }

  private static TypeShare share(GgmlType type, Collection<GgufTensor> tensors) {
    return new TypeShare(
        type.name(),
        tensors.size(),
        tensors.stream().mapToLong(GgufTensor::elements).sum(),
        tensors.stream().mapToLong(GgufTensor::bytes).sum());
  }
}
