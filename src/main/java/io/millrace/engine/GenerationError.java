package io.millrace.engine;

import static java.util.Objects.requireNonNull;

/**
 * Why a request failed.
 *
 * @param message for the person who sent it
 * @param param the request's field at fault, empty when it is none
 */
public record GenerationError(Kind kind, String message, String param) {
  public GenerationError {
    requireNonNull(kind, "kind is null");
    requireNonNull(message, "message is null");
    requireNonNull(param, "param is null");
  }

  public enum Kind {
    INVALID_REQUEST,
    CONTEXT_LENGTH_EXCEEDED,
    DEADLINE_EXCEEDED,
    CANCELLED,
    MODEL_NOT_FOUND,
    ENGINE_ERROR
  }
}
