package io.millrace.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes small npz files for tests, as numpy and MLX do. */
final class NpzWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final ZipOutputStream zip = new ZipOutputStream(bytes);
  private final boolean deflated;

  NpzWriter(boolean deflated) {
    this.deflated = deflated;
  }

  /** Adds an array; {@code type} is numpy's, such as {@code <f2}. */
  NpzWriter array(String name, String type, byte[] elements, int... shape) {
    return member(name + ".npy", npy(1, type, elements, shape));
  }

  NpzWriter member(String name, byte[] content) {
    ZipEntry entry = new ZipEntry(name);
    if (!deflated) {
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(content.length);
      entry.setCrc(crc.getValue());
    }
    try {
      zip.putNextEntry(entry);
      zip.write(content);
      zip.closeEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** A .npy file of version 1, 2 or 3. */
  static byte[] npy(int version, String type, byte[] elements, int... shape) {
    String sizes = Arrays.stream(shape).mapToObj(size -> size + ", ").collect(Collectors.joining());
    return npy(
        version,
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type, sizes),
        elements);
  }

  static byte[] npy(int version, String dictionary, byte[] elements) {
    byte[] text = (dictionary + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer npy =
        ByteBuffer.allocate(12 + text.length + elements.length).order(ByteOrder.LITTLE_ENDIAN);
    npy.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    npy.put((byte) version).put((byte) 0);
    if (version == 1) {
      npy.putShort((short) text.length);
    } else {
      npy.putInt(text.length);
    }
    npy.put(text).put(elements);
    return Arrays.copyOf(npy.array(), npy.position());
  }

  byte[] toBytes() {
    try {
      zip.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  Path write(Path file) {
    try {
      return Files.write(file, toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
