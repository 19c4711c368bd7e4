package io.millrace.record;

import io.millrace.record.ParsedPrompt.Invalid;
import io.millrace.record.ParsedPrompt.Valid;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Reads what clients publish to {@code prompts}, strictly: what is not in the contract is an error.
 */
public final class PromptParser {
  /** Ids go into keys, logs and terminals: no control characters. */
  private static final Pattern ID = Pattern.compile("[^\\p{Cc}\\p{Cs}]{1,256}");

  private static final String ID_RULE = "1 to 256 characters without control characters";

  private final int maxBytes;

  /**
   * @param maxBytes largest value, in bytes: {@code prompt.max-bytes}
   */
  public PromptParser(int maxBytes) {
    if (maxBytes < 1) {
      throw new IllegalArgumentException("maxBytes is %d, expected at least 1".formatted(maxBytes));
    }
    this.maxBytes = maxBytes;
  }

  /** Whether a prompt may have this id. */
  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /**
   * Reads a record. Nothing that it holds makes this throw.
   *
   * @param key the record's, null when it has none; an empty key counts as none
   * @param value the record's, null when it has none
   */
  public ParsedPrompt parse(byte[] key, byte[] value, Origin origin) {
    Key parsedKey = Key.of(key);
    String fallbackId = parsedKey.id().orElseGet(origin::id);
    Fields fields;
    try {
      checkSize(value);
      fields = Json.read(value);
    } catch (MalformedRecordException e) {
      return new Invalid(fallbackId, e.error(), true, Optional.empty(), true, Map.of());
    }
    String id = readable(fields, PromptParser::id).orElse(fallbackId);
    try {
      checkNames(fields);
      id(fields);
      parsedKey.checkAgainst(id);
      return new Valid(PromptJson.read(fields, id, origin.timestamp()));
    } catch (MalformedRecordException e) {
      return new Invalid(
          id,
          e.error(),
          false,
          readable(fields, PromptJson::model),
          readable(fields, f -> Optional.of(PromptJson.stream(f))).orElse(true),
          readable(fields, f -> Optional.of(PromptJson.metadata(f))).orElse(Map.of()));
    }
  }

  private void checkSize(byte[] value) {
    if (value != null && value.length > maxBytes) {
      throw new MalformedRecordException(
          ErrorCode.RECORD_TOO_LARGE.error(
              "the value is %d bytes long, expected at most %d (prompt.max-bytes)"
                  .formatted(value.length, maxBytes)));
    }
  }

  private static void checkNames(Fields fields) {
    for (String name : fields.names()) {
      if (!PromptJson.NAMES.contains(name)) {
        throw new MalformedRecordException(
            ErrorCode.UNKNOWN_PARAMETER.error(
                "%s is not a field of a prompt".formatted(Printable.quote(name)),
                Printable.escape(Printable.shorten(name, 64))));
      }
    }
  }

  private static Optional<String> id(Fields fields) {
    Optional<String> id = fields.text("id");
    if (id.isPresent() && !isId(id.get())) {
      throw Fields.invalid("id", Printable.quote(id.get()), ID_RULE);
    }
    return id;
  }

  /** A field of a prompt that is refused for another field, empty when this one is wrong too. */
  private static <T> Optional<T> readable(Fields fields, Function<Fields, Optional<T>> field) {
    try {
      return field.apply(fields);
    } catch (MalformedRecordException e) {
      return Optional.empty();
    }
  }

  /**
   * A record's key.
   *
   * @param id empty when there is no key or it cannot be an id
   * @param present whether there is a key
   */
  private record Key(Optional<String> id, boolean present) {
    static Key of(byte[] key) {
      boolean present = key != null && key.length > 0;
      return new Key(present ? decode(key) : Optional.empty(), present);
    }

    void checkAgainst(String promptId) {
      if (present && id.isEmpty()) {
        throw Fields.invalid("id", "a key that is no id", "a key in UTF-8 of " + ID_RULE);
      }
      if (present && !id.get().equals(promptId)) {
        throw Fields.invalid(
            "id", Printable.quote(promptId), "the record's key, " + Printable.quote(id.get()));
      }
    }

    private static Optional<String> decode(byte[] key) {
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(key)).toString();
        return Optional.of(text).filter(PromptParser::isId);
      } catch (CharacterCodingException e) {
        return Optional.empty();
      }
    }
  }
}
