package io.millrace.engine.grammar;

import io.millrace.engine.ResponseFormat;
import io.millrace.text.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The grammars of a vocabulary; those used last are kept. Used by one thread. */
public final class Grammars {
  private static final int KEPT = 16;

  private final Tokenizer tokenizer;
  private Optional<Vocabulary> vocabulary = Optional.empty();
  private final Map<ResponseFormat, Grammar> kept =
      new LinkedHashMap<>(KEPT, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ResponseFormat, Grammar> eldest) {
          return size() > KEPT;
        }
      };

  public Grammars(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * The grammar that a request asks for; none when any text will do.
   *
   * @throws SchemaException when its schema is not supported; the message says why
   */
  public Optional<Grammar> of(ResponseFormat format) {
    return switch (format) {
      case ResponseFormat.Text text -> Optional.empty();
      case ResponseFormat.JsonObject object -> Optional.of(known(format));
      case ResponseFormat.JsonSchema schema -> Optional.of(known(format));
    };
  }

  private Grammar known(ResponseFormat format) {
    Grammar known = kept.get(format);
    if (known == null) {
      Symbol start =
          format instanceof ResponseFormat.JsonSchema(String schema)
              ? SchemaCompiler.compile(schema)
              : SchemaCompiler.anyObject();
      if (vocabulary.isEmpty()) {
        vocabulary = Optional.of(Vocabulary.of(tokenizer));
      }
      known = new Grammar(start, vocabulary.get(), tokenizer);
      kept.put(format, known);
    }
    return known;
  }
}
