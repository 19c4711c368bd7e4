package io.millrace.engine.grammar;

import static io.millrace.engine.grammar.Texts.schema;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaCompilerTest {
  /** Texts of these are bounded. */
  static final List<String> BOUNDED =
      List.of(
          "{'type': 'string', 'maxLength': 5}",
          "{'type': 'string', 'minLength': 3, 'maxLength': 3}",
          "{'type': 'integer'}",
          "{'type': 'number'}",
          "{'type': ['boolean', 'null']}",
          "{'type': 'integer', 'minimum': -17, 'maximum': 1203}",
          "{'type': 'integer', 'exclusiveMinimum': 99, 'exclusiveMaximum': 101}",
          "{'type': 'integer', 'minimum': -4.5, 'maximum': -0.5}",
          "{'type': 'number', 'minimum': -2, 'exclusiveMaximum': 12}",
          "{'type': 'number', 'exclusiveMinimum': 0.5, 'maximum': 3.5}",
          "{'type': 'number', 'minimum': 0}",
          "{'enum': ['red', 'green', 'grey', 'reddish', 1, -1.5e2, null, {'a': [1, 'é\\n']}]}",
          "{'type': 'string', 'enum': ['a', 'b', 3]}",
          "{'const': {'kind': 'circle', 'at': [0, 0]}}",
          "{'type': 'array', 'items': {'type': 'boolean'}, 'minItems': 2, 'maxItems': 4}",
          "{'type': 'array', 'maxItems': 0}",
          "{'type': 'array', 'items': {'enum': [1, 2]}, 'maxItems': 2}",
          """
          {'type': 'object',
           'properties': {'name': {'type': 'string', 'maxLength': 8},
                          'age': {'type': 'integer', 'minimum': 0, 'maximum': 150},
                          'tags': {'type': 'array', 'maxItems': 3,
                                   'items': {'type': 'string', 'maxLength': 4}},
                          'alive': {'type': 'boolean'}},
           'required': ['age', 'alive'], 'additionalProperties': false}
          """,
          """
          {'type': 'object', 'properties': {'a': {}, 'b\\"ü': {'type': 'null'}},
           'required': ['b\\"ü'], 'additionalProperties': false,
           '$defs': {'unused': {'type': 'string'}}}
          """
              .replace("{}", "{'type': ['integer', 'null'], 'title': 'A', 'default': 1}"),
          """
          {'anyOf': [{'type': 'object', 'properties': {'kind': {'const': 'a'},
                                                       'x': {'type': 'integer'}},
                      'required': ['kind', 'x']},
                     {'type': 'object', 'properties': {'kind': {'const': 'b'}},
                      'required': ['kind']},
                     {'type': 'null'}]}
          """,
          """
          {'$ref': '#/$defs/tree',
           '$defs': {'tree': {'type': 'object',
                              'properties': {'v': {'enum': [0, 1]},
                                             'l': {'anyOf': [{'type': 'null'},
                                                             {'$ref': '#/$defs/tree'}]}},
                              'required': ['v', 'l']}}}
          """);

  @ParameterizedTest
  @FieldSource("BOUNDED")
  void shouldMatchOnlyWhatIsValid(String quoted) {
    String schema = schema(quoted);
    Symbol grammar = SchemaCompiler.compile(schema);
    Random random = new Random(7);

    for (int i = 0; i < 200; i++) {
      String text = Texts.random(grammar, random, 20_000);

      assertThat(Texts.faults(schema, text)).as(text).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          {'type': 'string'}                        | 'the ☃ 🦙 \\n \\u00e9 \\/'
          {'type': 'string', 'maxLength': 2}        | '🦙🦙'
          {'type': 'integer'}                       | -123456789012345
          {'type': 'number'}                        | -0.5E+07
          {'type': 'number', 'minimum': 0}          | 0.25
          {'type': 'integer', 'minimum': 5}         | 1000
          {}                                        | {'a': [1, {'b': null}],'c':'d'}
          true                                      | [[[]]]
          {'properties': {'a': {}, 'b': {}}}        | {'a':1, 'b': 2}
          {'properties': {'a': {}, 'b': {}}}        | {'b':[]}
          {'properties': {'a': {}, 'b': {}}}        | {}
          {'items': {'type': 'null'}}               | [null,null]
          {'type': 'object'}                        | {'x': {'y': 1}}
          {'additionalProperties': {'type': 'null'}} | {'x': null,'y':null}
          {'properties': {'ab': {}}, 'additionalProperties': true} | {'a':1,'abc':2}
          {'properties': {'ab': {}}, 'additionalProperties': true} | {'ab':1,'é': 2}
          {'required': ['z']}                       | {'z': [true]}
          """)
  void shouldMatch(String schema, String text) {
    assertThat(Texts.isMatch(SchemaCompiler.compile(schema(schema)), schema(text))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          {'type': 'string'}                        | 'tab	'
          {'type': 'string'}                        | '\\ud83d\\ude00'
          {'type': 'string'}                        | 'open
          {'type': 'string', 'maxLength': 2}        | 'abc'
          {'type': 'string', 'minLength': 2}        | '\\n'
          {'type': 'integer'}                       | 01
          {'type': 'integer'}                       | 1.0
          {'type': 'integer'}                       | 1234567890123456
          {'type': 'integer', 'minimum': 5}         | 4
          {'type': 'number', 'maximum': 3}          | 3.5
          {'type': 'boolean'}                       | 'true'
          {}                                        | {'a':  1}
          {}                                        | [1 ]
          {'properties': {'a': {}, 'b': {}}}        | {'b':1,'a':1}
          {'properties': {'a': {}}, 'required': ['a']} | {}
          {'properties': {'a': {}}}                 | {'c':1}
          {'properties': {'ab': {'type': 'null'}}, 'additionalProperties': true} | {'ab':1}
          {'items': {'type': 'null'}, 'minItems': 2} | [null]
          {'items': {'type': 'null'}, 'maxItems': 2} | [null,null,null]
          """)
  void shouldNotMatch(String schema, String text) {
    assertThat(Texts.isMatch(SchemaCompiler.compile(schema(schema)), schema(text))).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          {'pattern': 'a+'}                      | keyword "pattern" is not supported
          {'type': 'string', 'format': 'date'}   | keyword "format" is not supported
          {'properties': {'a': {'not': {}}}}     | #/properties/a: keyword "not"
          {'oneOf': []}                          | keyword "oneOf"
          {'anyOf': []}                          | anyOf is no array with elements
          {'anyOf': [{}], 'type': 'null'}        | "type" beside "anyOf" is not supported
          {'$ref': '#', 'minLength': 3}          | "minLength" beside "$ref"
          {'$ref': 'http://x.org'}               | $ref "http://x.org" is not supported
          {'$ref': '#/$defs/a'}                  | $ref "#/$defs/a" leads nowhere
          {'$ref': '#'}                          | no text can match
          {'properties': {'a': {'$ref': '#'}}, 'required': ['a']} | no text can match
          {'type': 'text'}                       | type is "text", expected
          {'type': 'integer', 'enum': ['a']}     | no value has the type
          {'type': 'integer', 'minimum': 3, 'maximum': 2} | no number of at most 15 digits
          {'type': 'integer', 'minimum': 1e999999999} | minimum has more than 40 digits
          {'type': 'string', 'minLength': -1}    | minLength is -1, expected a whole number
          {'type': 'string', 'minLength': 2, 'maxLength': 1} | nothing is valid
          {'required': ['a'], 'additionalProperties': false} | "a" is required
          false                                  | nothing is valid by false
          [1]                                    | it is ARRAY, expected an object
          {'a                                    | not valid JSON
          """)
  void shouldRefuseByName(String schema, String message) {
    assertThatThrownBy(() -> SchemaCompiler.compile(schema(schema)))
        .isInstanceOf(SchemaException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 5_000})
  void shouldRefuseSchemasThatAreNestedTooDeep(int depth) {
    String deep = "{'items': ".repeat(depth) + "{}" + "}".repeat(depth);

    assertThatThrownBy(() -> SchemaCompiler.compile(schema(deep)))
        .isInstanceOf(SchemaException.class);
  }

  @Test
  void shouldRefuseSchemasThatGrowWithoutBound() {
    // Each definition contains the next one many times; all of them are compiled once.
    String chained =
        IntStream.range(0, 70)
            .mapToObj(i -> "'d%d': {'items': {'$ref': '#/$defs/d%d'}}".formatted(i, i + 1))
            .collect(Collectors.joining(",", "{'$defs': {", ", 'd70': {}}, '$ref': '#/$defs/d0'}"));
    String wide =
        IntStream.range(0, 3_500)
            .mapToObj(i -> "{'type':'number'}")
            .collect(Collectors.joining(",", "{'anyOf': [", "]}"));

    assertThatThrownBy(() -> SchemaCompiler.compile(schema(chained)))
        .hasMessageContaining("$ref lead from one to the next");
    assertThatThrownBy(() -> SchemaCompiler.compile(schema(wide)))
        .hasMessageContaining("more than 50,000 symbols");
    assertThatThrownBy(() -> SchemaCompiler.compile(" ".repeat(70_000) + "{}"))
        .hasMessageContaining("70002 characters");
  }

  @Test
  void shouldRefuseAmbiguityWithoutBound() {
    String both = "{'anyOf': [{'type': 'array', 'items': %s}, {'type': 'array', 'items': %s}]}";
    String schema = "{'type': 'null'}";
    for (int level = 0; level < 9; level++) {
      schema = both.formatted(schema, schema);
    }
    String ambiguous = schema(schema);

    assertThatThrownBy(() -> Texts.isMatch(SchemaCompiler.compile(ambiguous), "[".repeat(9)))
        .isInstanceOf(SchemaException.class);
  }

  @Test
  void shouldNestSoDeepThatTheWayBackIsLeft() {
    Symbol any = SchemaCompiler.compile("{}");
    int depth = Automaton.MAX_DEPTH;

    assertThat(Texts.isMatch(any, "[".repeat(depth) + "]".repeat(depth))).isTrue();
    assertThat(Texts.isMatch(any, "[".repeat(depth + 1) + "]".repeat(depth + 1))).isFalse();
  }

  @Test
  void shouldTakeAnyObject() {
    Symbol object = SchemaCompiler.anyObject();

    assertThat(Texts.isMatch(object, "{\"a\": [1.5e3, \"\\u0000\", {}], \"\": false}")).isTrue();
    assertThat(Texts.isMatch(object, "[]")).isFalse();
    assertThat(Texts.isMatch(object, "{\"a\": 1,}")).isFalse();
  }
}
