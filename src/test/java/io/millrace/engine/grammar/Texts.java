package io.millrace.engine.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/** Texts of a grammar, byte by byte, and what a validator says about them. */
final class Texts {
  static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();
  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  private Texts() {}

  /** Schemas are written with single quotes. */
  static String schema(String quoted) {
    return quoted.replace('\'', '"');
  }

  static boolean isMatch(Symbol start, String text) {
    Automaton automaton = new Automaton(start);
    State state = automaton.start();
    for (byte value : text.getBytes(UTF_8)) {
      state = automaton.next(state, value & 0xFF);
      if (state.isDead()) {
        return false;
      }
    }
    return state.accepting;
  }

  /** A random text; it ends where it may with a chance of one half. */
  static String random(Symbol start, Random random, int maxBytes) {
    Automaton automaton = new Automaton(start);
    State state = automaton.start();
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    while (!state.isLast() && !(state.accepting && random.nextBoolean())) {
      if (text.size() == maxBytes) {
        throw new AssertionError("no end after " + text.toString(UTF_8));
      }
      int value;
      State next;
      do {
        // ASCII and quotes more often than they would come.
        value =
            switch (random.nextInt(4)) {
              case 0 -> random.nextInt(256);
              case 1 -> '"';
              default -> random.nextInt(128);
            };
        next = automaton.next(state, value);
      } while (next.isDead());
      text.write(value);
      state = next;
    }
    return text.toString(UTF_8);
  }

  /** What is wrong with a text; nothing when it is valid. */
  static List<String> faults(String schema, String text) {
    try {
      return SCHEMAS.getSchema(JSON.readTree(schema)).validate(JSON.readTree(text)).stream()
          .map(Error::toString)
          .toList();
    } catch (IOException e) {
      return List.of(e.getMessage());
    }
  }
}
