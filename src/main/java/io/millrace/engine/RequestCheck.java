package io.millrace.engine;

import io.millrace.engine.GenerationError.Kind;
import java.util.Collection;
import java.util.Optional;

/**
 * Whether a request can be generated at all.
 *
 * @param contextLength most tokens of prompt and completion together
 * @param vocabSize of the model
 */
record RequestCheck(int contextLength, int vocabSize) {

  /** Why it cannot, if it cannot. */
  Optional<GenerationError> error(GenerationRequest request, int promptLength) {
    if (promptLength == 0) {
      return invalid("the prompt is empty", "prompt");
    }
    if (promptLength >= contextLength) {
      String message =
          "the prompt has %d tokens; with at least one token of completion, there is room for %d"
              .formatted(promptLength, contextLength);
      return Optional.of(new GenerationError(Kind.CONTEXT_LENGTH_EXCEEDED, message, "prompt"));
    }
    return unknownToken(request.sampling().logitBias().keySet(), "logit_bias")
        .or(() -> unknownToken(request.stop().tokens(), "stop_token_ids"));
  }

  private Optional<GenerationError> unknownToken(Collection<Integer> tokens, String param) {
    return tokens.stream()
        .filter(token -> token < 0 || token >= vocabSize)
        .findFirst()
        .flatMap(token ->
            invalid(
                "%s has token %d, expected ids from 0 to %d".formatted(param, token, vocabSize - 1),
                param));
  }

  private static Optional<GenerationError> invalid(String message, String param) {
    return Optional.of(new GenerationError(Kind.INVALID_REQUEST, message, param));
  }
}
