package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The signatures that the Objective-C runtime keeps of its methods, such as {@code v32@0:8^v16Q24}.
 * Comparing them with ours turns a wrong signature, which would corrupt memory, into an error at
 * start-up.
 *
 * @see <a
 *     href="https://developer.apple.com/library/archive/documentation/Cocoa/Conceptual/ObjCRuntimeGuide/Articles/ocrtTypeEncodings.html">Type
 *     Encodings</a>
 */
final class TypeEncoding {
  /** Qualifiers such as const; they change nothing in how a value is passed. */
  private static final String QUALIFIERS = "rnNoORVA";

  private TypeEncoding() {}

  /**
   * Whether a method with this encoding can be called with this signature. What is not understood
   * counts as a match: only a certain mistake may keep a program from running.
   *
   * @param encoding the result's type, then those of receiver, selector and arguments
   */
  static boolean matches(String encoding, Class<?> returns, Class<?>... takes) {
    List<String> types = split(encoding);
    if (types.size() != takes.length + 3) {
      return false;
    }
    boolean matches = matches(types.getFirst(), returns);
    for (int i = 0; i < takes.length; i++) {
      matches &= matches(types.get(i + 3), takes[i]);
    }
    return matches;
  }

  private static boolean matches(String type, Class<?> java) {
    return switch (type.charAt(0)) {
      case '@', '#', ':', '^', '*' -> java == MemorySegment.class;
      case 'q', 'Q', 'l', 'L' -> java == long.class;
      case 'B', 'c', 'C' -> java == boolean.class;
      case 'd' -> java == double.class;
      case 'v' -> java == void.class;
      case 'i', 'I', 's', 'S', 'f' -> false;
      case '{' -> !type.endsWith("=QQQ}") || java == GridSize.class;
      default -> true;
    };
  }

  /** The types without qualifiers and stack offsets. */
  private static List<String> split(String encoding) {
    List<String> types = new ArrayList<>();
    int at = 0;
    while (at < encoding.length()) {
      while (at < encoding.length() && QUALIFIERS.indexOf(encoding.charAt(at)) >= 0) {
        at++;
      }
      int end = endOfType(encoding, at);
      types.add(encoding.substring(at, end));
      at = end;
      while (at < encoding.length() && Character.isDigit(encoding.charAt(at))) {
        at++;
      }
    }
    return types;
  }

  private static int endOfType(String encoding, int from) {
    int at = from;
    while (at < encoding.length()
        && (encoding.charAt(at) == '^' || QUALIFIERS.indexOf(encoding.charAt(at)) >= 0)) {
      at++;
    }
    if (at == encoding.length()) {
      return at;
    }
    char type = encoding.charAt(at++);
    if (type == '{' || type == '(' || type == '[') {
      int depth = 1;
      while (at < encoding.length() && depth > 0) {
        char c = encoding.charAt(at++);
        depth += c == '{' || c == '(' || c == '[' ? 1 : c == '}' || c == ')' || c == ']' ? -1 : 0;
      }
    } else if (type == '@' && at < encoding.length() && encoding.charAt(at) == '?') {
      at++; // a block
    } else if (type == '@' && at < encoding.length() && encoding.charAt(at) == '"') {
      at = encoding.indexOf('"', at + 1) + 1; // the class or protocol of an object
    }
    return at;
  }
}
