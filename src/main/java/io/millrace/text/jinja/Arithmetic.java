package io.millrace.text.jinja;

import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Real;

/** Python's arithmetic. Integers beyond 64 bits are an error here. */
final class Arithmetic {
  private Arithmetic() {}

  static Value negate(Value value) {
    Value number = Operators.requireNumber(value, "unary -");
    return number instanceof Real real ? new Real(-real.value()) : binary("-", new Int(0), number);
  }

  static Value binary(String operator, Value left, Value right) {
    try {
      return Operators.isWhole(left) && Operators.isWhole(right)
          ? whole(operator, Operators.whole(left), Operators.whole(right))
          : new Real(real(operator, Operators.real(left), Operators.real(right)));
    } catch (ArithmeticException e) {
      throw TemplateException.unsupported("an integer beyond 64 bits");
    }
  }

  private static Value whole(String operator, long left, long right) {
    return switch (operator) {
      case "+" -> new Int(Math.addExact(left, right));
      case "-" -> new Int(Math.subtractExact(left, right));
      case "*" -> new Int(Math.multiplyExact(left, right));
      case "/" -> new Real((double) left / notZero(right));
      case "//" -> new Int(Math.floorDivExact(left, notZero(right)));
      case "%" -> new Int(Math.floorMod(left, notZero(right)));
      case "**" -> right < 0 ? new Real(Math.pow(left, right)) : new Int(power(left, right));
      default -> throw new AssertionError(operator);
    };
  }

  private static double real(String operator, double left, double right) {
    return switch (operator) {
      case "+" -> left + right;
      case "-" -> left - right;
      case "*" -> left * right;
      case "/" -> left / notZero(right);
      case "//" -> Math.floor(left / notZero(right));
      case "%" -> {
        double rest = left % notZero(right);
        yield rest != 0 && rest < 0 != right < 0 ? rest + right : rest;
      }
      case "**" -> Math.pow(left, right);
      default -> throw new AssertionError(operator);
    };
  }

  private static long power(long base, long exponent) {
    if (base == 0 || base == 1) {
      return exponent == 0 ? 1 : base;
    }
    if (base == -1) {
      return exponent % 2 == 0 ? 1 : -1;
    }
    if (exponent >= Long.SIZE) {
      throw new ArithmeticException("overflow");
    }
    long power = 1;
    for (long i = 0; i < exponent; i++) {
      power = Math.multiplyExact(power, base);
    }
    return power;
  }

  private static long notZero(long divisor) {
    if (divisor == 0) {
      throw new TemplateException("division by zero");
    }
    return divisor;
  }

  private static double notZero(double divisor) {
    if (divisor == 0) {
      throw new TemplateException("division by zero");
    }
    return divisor;
  }
}
