package io.millrace.engine.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** Numbers within bounds, digit by digit. */
final class NumberSymbols {
  private static final BigInteger MOST =
      BigInteger.TEN.pow(JsonSymbols.DIGITS).subtract(BigInteger.ONE);

  private final Symbols symbols;
  private final JsonSymbols json;

  NumberSymbols(Symbols symbols, JsonSymbols json) {
    this.symbols = symbols;
    this.json = json;
  }

  /**
   * Bounds of a number; what is beyond them does not occur.
   *
   * @param isOpenBelow whether {@code min} itself does not occur
   * @param isOpenAbove whether {@code max} itself does not occur
   */
  record Bounds(BigDecimal min, boolean isOpenBelow, BigDecimal max, boolean isOpenAbove) {
    static final Bounds NONE =
        new Bounds(new BigDecimal(MOST.negate()), false, new BigDecimal(MOST), false);

    Bounds atLeast(BigDecimal bound, boolean isOpen) {
      int order = bound.compareTo(min);
      return order > 0 || order == 0 && isOpen ? new Bounds(bound, isOpen, max, isOpenAbove) : this;
    }

    Bounds atMost(BigDecimal bound, boolean isOpen) {
      int order = bound.compareTo(max);
      return order < 0 || order == 0 && isOpen ? new Bounds(min, isOpenBelow, bound, isOpen) : this;
    }

    /** The least whole number. */
    BigInteger first() {
      return isOpenBelow
          ? min.setScale(0, RoundingMode.FLOOR).toBigInteger().add(BigInteger.ONE)
          : min.setScale(0, RoundingMode.CEILING).toBigInteger();
    }

    /** The largest whole number. */
    BigInteger last() {
      return isOpenAbove
          ? max.setScale(0, RoundingMode.CEILING).toBigInteger().subtract(BigInteger.ONE)
          : max.setScale(0, RoundingMode.FLOOR).toBigInteger();
    }
  }

  /** Whole numbers, without a fraction; the empty list when there are none. */
  List<Symbol> whole(Bounds bounds) {
    BigInteger first = bounds.first();
    BigInteger last = bounds.last();
    List<Symbol> alternatives = new ArrayList<>(upward("", first.max(BigInteger.ZERO), last));
    BigInteger most = BigInteger.ONE.negate().min(last);
    alternatives.addAll(upward("-", most.negate(), first.negate()));
    return alternatives;
  }

  /**
   * Whole numbers, and numbers with a fraction between two whole numbers that are both within the
   * bounds: not all, but such as can be told digit by digit.
   */
  List<Symbol> any(Bounds bounds) {
    List<Symbol> alternatives = new ArrayList<>(whole(bounds));
    BigInteger first = bounds.first();
    BigInteger last = bounds.max().setScale(0, RoundingMode.FLOOR).toBigInteger();
    withFraction(upward("", first.max(BigInteger.ZERO), last.subtract(BigInteger.ONE)))
        .forEach(alternatives::add);
    BigInteger least = bounds.min().setScale(0, RoundingMode.CEILING).toBigInteger();
    BigInteger nearest = bounds.last().negate().max(BigInteger.ZERO);
    withFraction(upward("-", nearest, least.negate().subtract(BigInteger.ONE)))
        .forEach(alternatives::add);
    return alternatives;
  }

  private List<Symbol> withFraction(List<Symbol> wholes) {
    return wholes.stream().map(whole -> symbols.chain(whole, json.fraction())).toList();
  }

  /** The numbers from {@code first} to {@code last}, both 0 or more, behind a sign. */
  private List<Symbol> upward(String sign, BigInteger first, BigInteger last) {
    List<Symbol> alternatives = new ArrayList<>();
    for (int length = 1; length <= JsonSymbols.DIGITS; length++) {
      BigInteger shortest = length == 1 ? BigInteger.ZERO : BigInteger.TEN.pow(length - 1);
      BigInteger from = first.max(shortest);
      BigInteger to = last.min(BigInteger.TEN.pow(length).subtract(BigInteger.ONE));
      if (from.compareTo(to) <= 0) {
        Symbol digits = between(from.toString(), to.toString(), 0);
        alternatives.add(sign.isEmpty() ? digits : symbols.chain(symbols.literal(sign), digits));
      }
    }
    return alternatives;
  }

  /** Digits from position {@code at} on, of numbers between two of the same length. */
  private Symbol between(String from, String to, int at) {
    int left = from.length() - at;
    if (from.endsWith("0".repeat(left)) && to.endsWith("9".repeat(left))) {
      return json.digits(left, left);
    }
    char low = from.charAt(at);
    char high = to.charAt(at);
    if (low == high) {
      return symbols.chain(digits(low, high), between(from, to, at + 1));
    }
    List<Symbol> alternatives = new ArrayList<>();
    alternatives.add(
        symbols.chain(digits(low, low), between(from, "9".repeat(to.length()), at + 1)));
    if (high - low > 1) {
      alternatives.add(
          symbols.chain(
              digits((char) (low + 1), (char) (high - 1)), json.digits(left - 1, left - 1)));
    }
    alternatives.add(
        symbols.chain(digits(high, high), between("0".repeat(from.length()), to, at + 1)));
    return symbols.choice(alternatives);
  }

  private Symbol digits(char from, char to) {
    return symbols.oneByte(ByteSet.range(from, to));
  }
}
