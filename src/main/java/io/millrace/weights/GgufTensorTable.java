package io.millrace.weights;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the tensor table of a GGUF file. Every tensor must have its bytes inside the file, aligned,
 * and to itself.
 */
final class GgufTensorTable {
  private static final int MAX_TENSORS = 1 << 16;
  private static final int MAX_NAME_BYTES = 64;
  private static final int MAX_DIMENSIONS = 4;

  /** A name's length, the number of dimensions, one dimension, the type and the offset. */
  private static final int MIN_ENTRY_BYTES = 8 + 4 + 8 + 4 + 8;

  private final GgufCursor cursor;
  private final int alignment;

  GgufTensorTable(GgufCursor cursor, int alignment) {
    this.cursor = cursor;
    this.alignment = alignment;
  }

  Map<String, GgufTensor> read(long announced, long fileBytes) {
    int count = cursor.checkCount(announced, "tensors", MIN_ENTRY_BYTES, MAX_TENSORS);
    List<GgufTensor> relative = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      relative.add(readEntry(i));
    }
    long dataStart = Math.ceilDiv(cursor.position(), alignment) * alignment;
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (GgufTensor tensor : relative) {
      GgufTensor placed = place(tensor, dataStart, fileBytes);
      if (tensors.put(placed.name(), placed) != null) {
        throw cursor.problem("has tensor %s twice", placed.name());
      }
    }
    checkOverlaps(tensors);
    return Collections.unmodifiableMap(tensors);
  }

  /** An entry as it stands: its offset counts from the end of the padded header. */
  private GgufTensor readEntry(int index) {
    String name = cursor.text("the name of tensor " + index, MAX_NAME_BYTES);
    String what = "tensor " + name;
    int dimensions = cursor.int32(what);
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw cursor.problem(
          "%s has %s dimensions, expected 1 to %d",
          what, Integer.toUnsignedString(dimensions), MAX_DIMENSIONS);
    }
    int cols = dimension(what, 1);
    int rows = 1;
    for (int i = 1; i < dimensions; i++) {
      rows *= dimension(what, rows);
    }
    GgmlType type = readType(what);
    if (cols % type.blockSize() != 0) {
      throw cursor.problem(
          "%s has rows of %d elements, expected a multiple of %d, the block size of its type %s",
          what, cols, type.blockSize(), type);
    }
    long blocks = (long) rows * (cols / type.blockSize());
    if (blocks > Long.MAX_VALUE / type.blockBytes()) {
      throw cursor.problem("%s is [%d, %d], more than any file holds", what, rows, cols);
    }
    long offset = cursor.int64(what);
    return new GgufTensor(name, type, rows, cols, offset, blocks * type.blockBytes());
  }

  /** A dimension such that the product with {@code others} is an {@code int}. */
  private int dimension(String what, int others) {
    long size = cursor.int64(what);
    if (size < 1 || size > Integer.MAX_VALUE / others) {
      throw cursor.problem(
          "%s has a dimension of %s%s, expected 1 to %d",
          what,
          Long.toUnsignedString(size),
          others == 1 ? "" : " on top of %d rows".formatted(others),
          Integer.MAX_VALUE / others);
    }
    return (int) size;
  }

  private GgmlType readType(String what) {
    int number = cursor.int32(what);
    return GgmlType.of(number)
        .orElseThrow(() ->
            cursor.problem(
                "%s has type %s, which this build does not know; re-quantize the model to Q8_0",
                what, Integer.toUnsignedString(number)));
  }

  private GgufTensor place(GgufTensor tensor, long dataStart, long fileBytes) {
    long room = Math.max(0, fileBytes - dataStart);
    if (tensor.offset() < 0 || tensor.offset() > room || tensor.bytes() > room - tensor.offset()) {
      throw cursor.problem(
          "tensor %s has %d bytes at offset %s, but only %d bytes follow the header; the file is"
              + " damaged or not whole",
          tensor.name(), tensor.bytes(), Long.toUnsignedString(tensor.offset()), room);
    }
    if (tensor.offset() % alignment != 0) {
      throw cursor.problem(
          "tensor %s is at offset %d, expected a multiple of the alignment %d",
          tensor.name(), tensor.offset(), alignment);
    }
    return new GgufTensor(
        tensor.name(),
        tensor.type(),
        tensor.rows(),
        tensor.cols(),
        dataStart + tensor.offset(),
        tensor.bytes());
  }

  private void checkOverlaps(Map<String, GgufTensor> tensors) {
    List<GgufTensor> byOffset =
        tensors.values().stream().sorted(Comparator.comparingLong(GgufTensor::offset)).toList();
    for (int i = 1; i < byOffset.size(); i++) {
      GgufTensor before = byOffset.get(i - 1);
      GgufTensor after = byOffset.get(i);
      if (after.offset() < before.end()) {
        throw cursor.problem(
            "tensors %s and %s overlap: bytes %d to %d and %d to %d of the file",
            before.name(),
            after.name(),
            before.offset(),
            before.end(),
            after.offset(),
            after.end());
      }
    }
  }
}
