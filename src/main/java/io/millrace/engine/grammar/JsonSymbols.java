package io.millrace.engine.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.engine.grammar.Symbol.Repeat;
import io.millrace.engine.grammar.Symbol.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The grammar of JSON (RFC 8259), made so that no text goes on for ever without getting anywhere:
 * at most one space after a comma and a colon and no other white space, and numbers of bounded
 * length. Strings escape surrogates never, so that every text is valid Unicode.
 */
final class JsonSymbols {
  /** Digits of a whole number: fewer than a double holds exactly. */
  static final int DIGITS = 15;

  private static final ByteSet DIGIT = ByteSet.of("0123456789");
  private static final ByteSet HEX = ByteSet.of("0123456789abcdefABCDEF");

  private final Symbols symbols;
  private final Symbol plainCharacter;
  private final Symbol character;
  private final Symbol quote;
  private final Symbol comma;
  private final Symbol colon;
  private final Rule value;

  JsonSymbols(Symbols symbols) {
    this.symbols = symbols;
    quote = symbols.literal("\"");
    comma = symbols.chain(symbols.literal(","), space());
    colon = symbols.chain(symbols.literal(":"), space());
    plainCharacter = characterBut(ByteSet.of(""));
    character = symbols.choice(plainCharacter, escape());
    value = symbols.rule();
    value.define(
        symbols.choice(
            string(0, Repeat.UNBOUNDED),
            number(),
            symbols.literal("true"),
            symbols.literal("false"),
            symbols.literal("null"),
            array(value, 0, Repeat.UNBOUNDED),
            anyObject()));
  }

  /** Any value. */
  Symbol value() {
    return value;
  }

  /** Any object. */
  Symbol anyObject() {
    return object(members(string(0, Repeat.UNBOUNDED), value));
  }

  /** A string of so many characters. */
  Symbol string(int min, int max) {
    return symbols.chain(quote, symbols.restOfString(character, min, max));
  }

  /** {@code -?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?}. */
  Symbol number() {
    Symbol whole =
        symbols.choice(
            symbols.literal("0"),
            symbols.chain(symbols.oneByte(ByteSet.of("123456789")), digits(0, DIGITS - 1)));
    Symbol exponent =
        symbols.chain(
            symbols.oneByte(ByteSet.of("eE")),
            optional(symbols.oneByte(ByteSet.of("+-"))),
            digits(1, 2));
    return symbols.chain(
        optional(symbols.literal("-")), whole, optional(fraction()), optional(exponent));
  }

  /** {@code \.[0-9]{1,15}}. */
  Symbol fraction() {
    return symbols.chain(symbols.literal("."), digits(1, DIGITS));
  }

  Symbol digits(int min, int max) {
    return symbols.repeat(symbols.oneByte(DIGIT), min, max);
  }

  /** An array of so many items. */
  Symbol array(Symbol item, int min, int max) {
    return bracketed("[", max == 0 ? nothing() : list(item, min, max), "]");
  }

  /** An object with what is between its braces. */
  Symbol object(Symbol inside) {
    return bracketed("{", inside, "}");
  }

  private Symbol bracketed(String open, Symbol inside, String close) {
    return symbols.nested(symbols.chain(symbols.literal(open), inside, symbols.literal(close)));
  }

  /** Any number of members, with commas between them. */
  Symbol members(Symbol name, Symbol memberValue) {
    return list(member(name, memberValue), 0, Repeat.UNBOUNDED);
  }

  /** Any number of members, with a comma before each. */
  Symbol furtherMembers(Symbol name, Symbol memberValue) {
    return symbols.repeat(symbols.chain(comma, member(name, memberValue)), 0, Repeat.UNBOUNDED);
  }

  Symbol member(Symbol name, Symbol memberValue) {
    return symbols.chain(name, colon, memberValue);
  }

  Symbol comma() {
    return comma;
  }

  private Symbol list(Symbol item, int min, int max) {
    int most = max == Repeat.UNBOUNDED ? max : max - 1;
    Symbol further = symbols.repeat(symbols.chain(comma, item), Math.max(0, min - 1), most);
    Symbol list = symbols.chain(item, further);
    return min == 0 ? optional(list) : list;
  }

  Symbol optional(Symbol symbol) {
    return symbols.choice(symbol, nothing());
  }

  Symbol nothing() {
    return symbols.chain();
  }

  /** A string without escapes that is none of these, as the name of a further member. */
  Symbol nameBut(Set<String> names) {
    return symbols.chain(
        quote, restBut(new TreeSet<>(names).stream().map(JsonSymbols::codePoints).toList(), 0));
  }

  /**
   * The rest of such a string and its quote.
   *
   * @param names that begin as the string does
   * @param position of the next character
   */
  private Symbol restBut(List<int[]> names, int position) {
    List<Symbol> alternatives = new ArrayList<>();
    if (names.stream().noneMatch(name -> name.length == position)) {
      alternatives.add(quote);
    }
    ByteSet taken = ByteSet.of("");
    for (int next : nexts(names, position)) {
      String text = Character.toString(next);
      if (next >= 0x20 && next != '"' && next != '\\') {
        List<int[]> same =
            names.stream()
                .filter(name -> name.length > position && name[position] == next)
                .toList();
        alternatives.add(symbols.chain(symbols.literal(text), restBut(same, position + 1)));
        // Other characters with the same first byte are given up: a name need not have them.
        taken = taken.plus(firstByte(text));
      }
    }
    Symbol rest = symbols.restOfString(plainCharacter, 0, Repeat.UNBOUNDED);
    alternatives.add(symbols.chain(characterBut(taken), rest));
    return symbols.choice(alternatives);
  }

  private static int[] nexts(List<int[]> names, int position) {
    return names.stream()
        .filter(name -> name.length > position)
        .mapToInt(name -> name[position])
        .distinct()
        .toArray();
  }

  private static int[] codePoints(String text) {
    return text.codePoints().toArray();
  }

  private static ByteSet firstByte(String text) {
    int value = text.getBytes(UTF_8)[0] & 0xFF;
    return ByteSet.range(value, value);
  }

  /** A character that needs no escape and does not begin with one of these bytes. */
  private Symbol characterBut(ByteSet firstBytes) {
    return symbols.oneCharacter(PlainText.FIRSTS.minus(firstBytes));
  }

  private Symbol escape() {
    Symbol hex = symbols.oneByte(HEX);
    Symbol notSurrogate = symbols.oneByte(HEX.minus(ByteSet.of("dD")));
    Symbol belowSurrogates =
        symbols.chain(
            symbols.oneByte(ByteSet.of("dD")), symbols.oneByte(ByteSet.of("01234567")), hex, hex);
    Symbol unit = symbols.choice(symbols.chain(notSurrogate, hex, hex, hex), belowSurrogates);
    return symbols.chain(
        symbols.literal("\\"),
        symbols.choice(
            symbols.oneByte(ByteSet.of("\"\\/bfnrt")), symbols.chain(symbols.literal("u"), unit)));
  }

  private Symbol space() {
    return optional(symbols.literal(" "));
  }
}
