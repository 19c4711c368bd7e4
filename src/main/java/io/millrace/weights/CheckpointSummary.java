package io.millrace.weights;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a checkpoint holds, for people.
 *
 * @param format such as {@code GGUF v3} or {@code safetensors}
 * @param fileBytes size of the file, or of all files of weights
 * @param architecture such as {@code llama}; empty when the file does not say
 * @param parameters elements of all tensors
 * @param types the quantization mix, largest part first
 * @param tokenizer kind of the tokenizer; empty when there is none
 * @param vocabSize tokens of the vocabulary
 * @param contextLength positions that the model was trained for; empty when the file does not say
 * @param chatTemplate whether there is a chat template
 */
public record CheckpointSummary(
    String format,
    long fileBytes,
    Optional<String> architecture,
    long parameters,
    List<TypeShare> types,
    Optional<String> tokenizer,
    int vocabSize,
    OptionalInt contextLength,
    boolean chatTemplate) {
  public CheckpointSummary {
    types = List.copyOf(types);
  }

  /**
   * The tensors of one type.
   *
   * @param type such as {@code Q8_0} or {@code affine 4-bit g64 F16}
   * @param tensors how many there are
   * @param elements of all of them
   * @param bytes of all of them
   */
  public record TypeShare(String type, int tensors, long elements, long bytes) {
    /** Adds up shares of the same type, and puts the largest first. */
    static List<TypeShare> mix(Stream<TypeShare> shares) {
      return shares
          .collect(
              Collectors.toMap(TypeShare::type, Function.identity(), TypeShare::plus, TreeMap::new))
          .values()
          .stream()
          .sorted(Comparator.comparingLong(TypeShare::bytes).reversed())
          .toList();
    }

    private TypeShare plus(TypeShare other) {
      return new TypeShare(
          type, tensors + other.tensors, elements + other.elements, bytes + other.bytes);
    }
  }
}
