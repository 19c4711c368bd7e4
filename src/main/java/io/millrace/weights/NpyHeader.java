package io.millrace.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What stands before the elements of an array in a .npy file of version 1, 2 or 3 (<a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the format</a>).
 *
 * @param type as safetensors calls it, or numpy's own name for one that safetensors does not have
 * @param elementBytes bytes of an element
 * @param bytes of this header
 */
record NpyHeader(String type, int elementBytes, List<Integer> shape, int bytes) {
  /** Bytes that always suffice for {@link #read}. */
  static final int MAX_BYTES = 4096;

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  private static final Pattern TYPE =
      Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([<>=|]?)([A-Za-z]\\d{1,2})['\"]");
  private static final Pattern FORTRAN =
      Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)\\b");
  private static final Pattern SHAPE =
      Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9, ]{0,100})\\)");
  private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");

  /**
   * Reads a header.
   *
   * @param start the beginning of the array, {@link #MAX_BYTES} or all of it
   * @throws IllegalArgumentException saying what is wrong
   */
  static NpyHeader read(ByteBuffer start) {
    ByteBuffer bytes = start.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    if (bytes.remaining() < MAGIC.length + 6) {
      throw new IllegalArgumentException("it is too short for a .npy array");
    }
    bytes.get(magic);
    int version = bytes.get();
    bytes.get(); // the minor version
    if (!Arrays.equals(magic, MAGIC) || version < 1 || version > 3) {
      throw new IllegalArgumentException("it is no .npy array of version 1, 2 or 3");
    }
    long length = version == 1 ? bytes.getShort() & 0xffff : bytes.getInt() & 0xffffffffL;
    if (length > bytes.remaining()) {
      throw new IllegalArgumentException(
          "its .npy header has %d bytes, expected at most %d".formatted(length, MAX_BYTES));
    }
    byte[] text = new byte[(int) length];
    bytes.get(text);
    return parse(new String(text, StandardCharsets.UTF_8), bytes.position() - start.position());
  }

  /** Parses the literal of a Python dictionary that has just these three entries. */
  private static NpyHeader parse(String header, int bytes) {
    Matcher type = TYPE.matcher(header);
    Matcher fortran = FORTRAN.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    if (!type.find() || !fortran.find() || !shape.find()) {
      throw new IllegalArgumentException(
          "its .npy header is %s, expected a type, an order and a shape".formatted(header.strip()));
    }
    if (fortran.group(1).equals("True")) {
      throw new IllegalArgumentException(
          "its elements stand column by column (fortran_order), expected row by row");
    }
    if (type.group(1).equals(">")) {
      throw new IllegalArgumentException("its elements are big-endian, expected little-endian");
    }
    String kind = type.group(2);
    return new NpyHeader(typeName(kind), elementBytes(kind), sizes(shape.group(1)), bytes);
  }

  private static List<Integer> sizes(String shape) {
    try {
      return COMMA
          .splitAsStream(shape.strip())
          .filter(size -> !size.isEmpty())
          .map(Integer::valueOf)
          .toList();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("its shape is (%s)".formatted(shape), e);
    }
  }

  /** Numpy has no bfloat16; MLX saves it as two bytes of anything. */
  private static String typeName(String kind) {
    return switch (kind) {
      case "f4" -> "F32";
      case "f2" -> "F16";
      case "V2" -> "BF16";
      case "u4" -> "U32";
      default -> kind;
    };
  }

  private static int elementBytes(String kind) {
    int bytes = Integer.parseInt(kind.substring(1));
    if (Optional.of(bytes).filter(b -> b == 1 || b == 2 || b == 4 || b == 8 || b == 16).isEmpty()) {
      throw new IllegalArgumentException("its elements are of type " + kind);
    }
    return bytes;
  }
}
