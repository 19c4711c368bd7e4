package io.millrace.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Writes small GGUF files for tests. Metadata values are Java's: {@link Integer} is written as
 * UINT32, {@link Long} as UINT64, {@link Float}, {@link Double}, {@link Boolean} and {@link String}
 * as what they are, {@link Short} as INT16 and {@link Byte} as INT8, a {@link List} as an array of
 * its first element's type, but of INT32 where that is an {@link Integer}.
 */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Tensor> tensors = new ArrayList<>();
  private int version = 3;

  private record Tensor(String name, int type, long[] dimensions, byte[] bytes) {}

  private record Raw(int type, byte[] bytes) {}

  public GgufWriter version(int version) {
    this.version = version;
    return this;
  }

  /** Sets a metadata value; one that was set before is replaced in its place. */
  public GgufWriter put(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  /** Sets a value of any type, also one that there is not, byte for byte. */
  public GgufWriter raw(String key, int type, byte... bytes) {
    return put(key, new Raw(type, bytes.clone()));
  }

  public GgufWriter remove(String key) {
    metadata.remove(key);
    return this;
  }

  /** Adds a tensor of ggml's type {@code type}; the first dimension is the contiguous one. */
  public GgufWriter tensor(String name, int type, byte[] bytes, long... dimensions) {
    tensors.add(new Tensor(name, type, dimensions.clone(), bytes.clone()));
    return this;
  }

  /** Adds a matrix {@code [rows, cols]} of type F32. */
  public GgufWriter f32(String name, int rows, int cols, float... values) {
    ByteBuffer bytes = little(rows * cols * Float.BYTES);
    for (int i = 0; i < rows * cols; i++) {
      bytes.putFloat(values.length == 0 ? 0 : values[i % values.length]);
    }
    return rows == 1
        ? tensor(name, 0, bytes.array(), cols)
        : tensor(name, 0, bytes.array(), cols, rows);
  }

  public GgufWriter withoutTensors() {
    tensors.clear();
    return this;
  }

  /** Fills all tensors, which are of type F32, with random numbers. */
  public GgufWriter randomized(long seed) {
    Random random = new Random(seed);
    tensors.replaceAll(tensor -> {
      ByteBuffer bytes = little(tensor.bytes().length);
      while (bytes.hasRemaining()) {
        bytes.putFloat((float) random.nextGaussian());
      }
      return new Tensor(tensor.name(), tensor.type(), tensor.dimensions(), bytes.array());
    });
    return this;
  }

  public Path write(Path file) {
    try {
      return Files.write(file, toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public byte[] toBytes() {
    Output out = new Output();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    out.int32(version);
    out.int64(tensors.size());
    out.int64(metadata.size());
    metadata.forEach((key, value) -> {
      out.text(key);
      out.int32(typeOf(value));
      out.value(value);
    });
    long offset = 0;
    for (Tensor tensor : tensors) {
      out.text(tensor.name());
      out.int32(tensor.dimensions().length);
      for (long dimension : tensor.dimensions()) {
        out.int64(dimension);
      }
      out.int32(tensor.type());
      out.int64(offset);
      offset += Math.ceilDiv(tensor.bytes().length, ALIGNMENT) * ALIGNMENT;
    }
    for (Tensor tensor : tensors) {
      out.pad();
      out.writeBytes(tensor.bytes());
    }
    return out.toByteArray();
  }

  private static int typeOf(Object value) {
    return switch (value) {
      case Byte _ -> 1;
      case Short _ -> 3;
      case Integer _ -> 4;
      case Float _ -> 6;
      case Boolean _ -> 7;
      case String _ -> 8;
      case List<?> _ -> 9;
      case Long _ -> 10;
      case Double _ -> 12;
      case Raw raw -> raw.type();
      default -> throw new IllegalArgumentException("no GGUF type for " + value.getClass());
    };
  }

  private static int elementTypeOf(List<?> list) {
    return list.isEmpty() || list.getFirst() instanceof Integer ? 5 : typeOf(list.getFirst());
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static final class Output extends ByteArrayOutputStream {
    void int32(int value) {
      writeBytes(little(Integer.BYTES).putInt(value).array());
    }

    void int64(long value) {
      writeBytes(little(Long.BYTES).putLong(value).array());
    }

    void text(String value) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      int64(bytes.length);
      writeBytes(bytes);
    }

    void value(Object value) {
      switch (value) {
        case Byte number -> write(number);
        case Short number -> writeBytes(little(Short.BYTES).putShort(number).array());
        case Integer number -> int32(number);
        case Long number -> int64(number);
        case Float number -> int32(Float.floatToRawIntBits(number));
        case Double number -> int64(Double.doubleToRawLongBits(number));
        case Boolean flag -> write(flag ? 1 : 0);
        case String text -> text(text);
        case Raw raw -> writeBytes(raw.bytes());
        case List<?> list -> {
          int32(elementTypeOf(list));
          int64(list.size());
          list.forEach(this::value);
        }
        default -> throw new IllegalArgumentException("no GGUF type for " + value.getClass());
      }
    }

    void pad() {
      while (size() % ALIGNMENT != 0) {
        write(0);
      }
    }
  }
}
