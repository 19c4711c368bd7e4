package io.millrace.engine.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.engine.ResponseFormat;
import io.millrace.text.Tokenizer;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GrammarMatcherTest {
  private static final float OUT = Float.NEGATIVE_INFINITY;
  private static final int END = 0;

  /** Where strings of any text have alternatives beside them. */
  private static final List<String> STRINGS =
      List.of(
          "{'anyOf': [{'type': 'string', 'maxLength': 2}, {'const': 'abc kd'}]}",
          "{'anyOf': [{'type': 'string', 'maxLength': 1}, {'type': 'string', 'minLength': 4}]}",
          "{'properties': {'ab': {'type': 'null'}}, 'additionalProperties': {'maxLength': 3}}",
          "{'type': 'object'}");

  @Test
  void shouldAllowExactlyTheTokensThatContinueAValidText() {
    Random random = new Random(5);
    List<byte[]> vocabulary = randomVocabulary(random);
    Grammars grammars = new Grammars(tokenizer(vocabulary));
    for (String quoted : schemas()) {
      String schema = Texts.schema(quoted);
      Symbol start = SchemaCompiler.compile(schema);
      GrammarMatcher matcher = matcher(grammars, schema);
      Automaton judge = new Automaton(start);
      State state = judge.start();

      for (int steps = 0; steps < 60 && !matcher.isComplete(); steps++) {
        float[] logits = masked(matcher, vocabulary.size());
        List<Integer> allowed = new ArrayList<>();
        for (int token = 1; token < vocabulary.size(); token++) {
          State reached = after(judge, state, vocabulary.get(token));
          boolean follows = vocabulary.get(token).length > 0 && !reached.isDead();
          assertThat(logits[token] > OUT).as("%s, token %d", schema, token).isEqualTo(follows);
          if (follows) {
            allowed.add(token);
          }
        }
        assertThat(logits[END] > OUT).isEqualTo(state.accepting);
        int token = allowed.get(random.nextInt(allowed.size()));
        matcher.accept(token);
        state = after(judge, state, vocabulary.get(token));
      }
    }
  }

  @Test
  void shouldShareMasksWhereCountsMakeNoDifference() {
    List<byte[]> vocabulary = bytesAnd("abc");
    Grammars grammars = new Grammars(tokenizer(vocabulary));
    String schema = "{\"type\": \"string\", \"maxLength\": 1000}";
    Grammar grammar = grammars.of(new ResponseFormat.JsonSchema(schema)).orElseThrow();
    State state = grammar.next(grammar.start(), 1 + '"');

    long[] first = grammar.mask(grammar.next(state, 1 + 'a'));
    long[] later = grammar.mask(grammar.next(grammar.next(state, 257), 257));

    assertThat(later).isSameAs(first);
  }

  @Test
  void shouldSayThatAVocabularyCannotSpellTheText() {
    List<byte[]> vocabulary = List.of(new byte[0], "a".getBytes(UTF_8), "{".getBytes(UTF_8));
    GrammarMatcher matcher = matcher(new Grammars(tokenizer(vocabulary)), "{\"type\":\"object\"}");
    matcher.accept(2);

    assertThatThrownBy(() -> masked(matcher, 3))
        .isInstanceOf(SchemaException.class)
        .hasMessage("no token of the vocabulary continues the text as response_format asks");
  }

  @Test
  void shouldRefuseATokenThatDoesNotFit() {
    GrammarMatcher matcher = matcher(new Grammars(tokenizer(bytesAnd("x"))), "{\"type\":\"null\"}");

    assertThatThrownBy(() -> matcher.accept(1 + 'x')).hasMessageContaining("token 121");
  }

  @Test
  void shouldRuleOutWhatTheVocabularyDoesNotHave() {
    GrammarMatcher matcher = matcher(new Grammars(tokenizer(bytesAnd("x"))), "{\"type\":\"null\"}");

    assertThat(masked(matcher, 400)[399]).isEqualTo(OUT);
  }

  @Test
  void shouldKeepTheGrammarsThatWereUsedLast() {
    Grammars grammars = new Grammars(tokenizer(bytesAnd("x")));
    ResponseFormat first = new ResponseFormat.JsonSchema("{\"maxLength\": 0}");

    Grammar grammar = grammars.of(first).orElseThrow();

    assertThat(grammars.of(new ResponseFormat.JsonSchema("{\"maxLength\": 0}"))).contains(grammar);
    for (int i = 1; i <= 16; i++) {
      grammars.of(new ResponseFormat.JsonSchema("{\"maxLength\": %d}".formatted(i)));
    }
    assertThat(grammars.of(first)).isPresent().get().isNotSameAs(grammar);
    assertThat(grammars.of(ResponseFormat.TEXT)).isEmpty();
  }

  private static List<String> schemas() {
    return Stream.concat(SchemaCompilerTest.BOUNDED.stream(), STRINGS.stream()).toList();
  }

  private static GrammarMatcher matcher(Grammars grammars, String schema) {
    return grammars.of(new ResponseFormat.JsonSchema(schema)).orElseThrow().matcher();
  }

  private static float[] masked(GrammarMatcher matcher, int vocabSize) {
    float[] logits = new float[vocabSize];
    matcher.mask(logits, Set.of(END));
    return logits;
  }

  private static State after(Automaton automaton, State state, byte[] bytes) {
    State reached = state;
    for (byte value : bytes) {
      reached = automaton.next(reached, value & 0xFF);
    }
    return reached;
  }

  /** An end token, every byte, and pieces of JSON. */
  private static List<byte[]> randomVocabulary(Random random) {
    String pieces = "{}[]\":, 0123456789.-eEtruefalsnulabkdx\\ü☃🦙";
    int[] characters = pieces.codePoints().toArray();
    List<byte[]> vocabulary =
        bytesAnd(
            "true", "false", "\":", "\", \"", "{\"", "}", "]}", "", "abc", "abc kd", "c k", "ab\"");
    for (int i = 0; i < 400; i++) {
      StringBuilder piece = new StringBuilder();
      for (int length = random.nextInt(1, 5); length > 0; length--) {
        piece.appendCodePoint(characters[random.nextInt(characters.length)]);
      }
      byte[] bytes = piece.toString().getBytes(UTF_8);
      vocabulary.add(Arrays.copyOf(bytes, random.nextInt(1, bytes.length + 1)));
    }
    return vocabulary;
  }

  private static List<byte[]> bytesAnd(String... pieces) {
    List<byte[]> vocabulary = new ArrayList<>();
    vocabulary.add(new byte[0]);
    for (int value = 0; value < 256; value++) {
      vocabulary.add(new byte[] {(byte) value});
    }
    Arrays.stream(pieces).map(piece -> piece.getBytes(UTF_8)).forEach(vocabulary::add);
    return vocabulary;
  }

  private static Tokenizer tokenizer(List<byte[]> vocabulary) {
    return (Tokenizer)
        Proxy.newProxyInstance(
            Tokenizer.class.getClassLoader(),
            new Class<?>[] {Tokenizer.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "vocabSize" -> vocabulary.size();
                  case "bytes" -> vocabulary.get((Integer) arguments[0]);
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }
}
