package io.millrace.record;

import io.millrace.record.Completion.ErrorBody;
import java.util.Locale;
import java.util.Optional;

/** Every error that ends a prompt, with OpenAI's names where OpenAI has one. */
public enum ErrorCode {
  /** The value is absent, not UTF-8, not JSON, or not an object. */
  INVALID_JSON(ErrorCode.INVALID_REQUEST),
  /** The record is larger than {@code prompt.max-bytes}. */
  RECORD_TOO_LARGE(ErrorCode.INVALID_REQUEST),
  /** A field holds a value of another type than it should. */
  INVALID_TYPE(ErrorCode.INVALID_REQUEST),
  /** A field's value is out of range, too long, or does not fit the others. */
  INVALID_VALUE(ErrorCode.INVALID_REQUEST),
  /** There is no such field. */
  UNKNOWN_PARAMETER(ErrorCode.INVALID_REQUEST),
  /** The field is part of the contract, but this version does not honour it. */
  UNSUPPORTED_PARAMETER(ErrorCode.INVALID_REQUEST),
  /** A field that must be there is not. */
  MISSING_REQUIRED_PARAMETER(ErrorCode.INVALID_REQUEST),
  /** No worker serves, or has served, a model of that name. */
  MODEL_NOT_FOUND(ErrorCode.INVALID_REQUEST),
  /** Workers have served the model, but none has been heard of for a long time. */
  NO_WORKER("service_unavailable"),
  /** Prompt and completion do not fit the model's context. */
  CONTEXT_LENGTH_EXCEEDED(ErrorCode.INVALID_REQUEST),
  /** The completion is larger than a record may be. */
  OUTPUT_TOO_LARGE(ErrorCode.INVALID_REQUEST),
  /** The prompt's {@code deadline} or {@code timeout_ms} has passed. */
  DEADLINE_EXCEEDED("deadline_exceeded"),
  /** Somebody cancelled the prompt. */
  CANCELLED("cancelled"),
  /** Part of the text was published, and the worker that went on has other weights. */
  MODEL_CHANGED("engine_error"),
  /** The fault is Millrace's, not the prompt's. */
  ENGINE_ERROR("engine_error");

  private static final String INVALID_REQUEST = "invalid_request_error";

  private final String type;

  ErrorCode(String type) {
    this.type = type;
  }

  /** OpenAI's class of error. */
  public String type() {
    return type;
  }

  /** The exact error, as records write it. */
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** This error, with no field at fault. */
  public ErrorBody error(String message) {
    return new ErrorBody(message, type, Optional.empty(), code());
  }

  /** This error, with the field at fault. */
  public ErrorBody error(String message, String param) {
    return new ErrorBody(message, type, Optional.of(param), code());
  }
}
