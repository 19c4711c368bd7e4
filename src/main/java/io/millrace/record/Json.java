package io.millrace.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/**
 * Strict JSON: one object in valid UTF-8, no key twice, no NaN or Infinity, nothing after the
 * object, and bounds on depth, numbers and tokens.
 */
final class Json {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_NUMBER_LENGTH = 64;
  private static final int MAX_TOKENS = 1_000_000;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  // Names come from anyone: keep none of them for the life of the process.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /**
   * The object in these bytes.
   *
   * @param bytes a record's value; null when the record has none
   * @throws MalformedRecordException when they are anything else
   */
  static Fields read(byte[] bytes) {
    if (bytes == null) {
      throw invalid("the value is null, expected a JSON object");
    }
    return parse(decode(bytes));
  }

  /**
   * The object in a JSON text.
   *
   * @throws MalformedRecordException when it is anything else
   */
  static Fields parse(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node instanceof ObjectNode object) {
        return new Fields(object);
      }
      throw invalid(
          node.isMissingNode()
              ? "the value is empty, expected a JSON object"
              : "the value is %s, expected a JSON object".formatted(Fields.describe(node)));
    } catch (JsonProcessingException e) {
      throw invalid("the value is not valid JSON: " + reason(e));
    }
  }

  /** The JSON text that the writer writes, in UTF-8. */
  static byte[] write(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
      json.writeStartObject();
      writer.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write JSON: " + e.getMessage(), e);
    }
    return bytes.toByteArray();
  }

  /** Writes the members of an object. */
  interface Writer {
    void writeTo(JsonGenerator json) throws IOException;
  }

  /** Jackson reads some malformed UTF-8 without complaint, so it gets decoded text. */
  private static String decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      throw invalid(
          "the value is not valid UTF-8: bad byte 0x%02x at offset %d"
              .formatted(in.get(in.position()), in.position()));
    }
    return out.flip().toString();
  }

  private static MalformedRecordException invalid(String message) {
    return new MalformedRecordException(ErrorCode.INVALID_JSON.error(message));
  }

  private static String reason(JsonProcessingException e) {
    String message = Printable.escape(Printable.shorten(e.getOriginalMessage(), 200));
    JsonLocation at = e.getLocation();
    return at == null
        ? message
        : "%s (line %d, column %d)".formatted(message, at.getLineNr(), at.getColumnNr());
  }
}
