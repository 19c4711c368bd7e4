package io.millrace.weights;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes small safetensors files for tests. */
final class SafetensorsWriter {
  private final ObjectNode header = new ObjectMapper().createObjectNode();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  SafetensorsWriter metadata(String key, String value) {
    header.withObject("/__metadata__").put(key, value);
    return this;
  }

  SafetensorsWriter tensor(String name, String type, byte[] bytes, int... shape) {
    ObjectNode tensor = header.putObject(name).put("dtype", type);
    for (int size : shape) {
      tensor.withArray("/shape").add(size);
    }
    tensor.putArray("data_offsets").add(data.size()).add(data.size() + bytes.length);
    data.writeBytes(bytes);
    return this;
  }

  /** As the format's own library writes it: spaces align what follows the header. */
  byte[] toBytes() {
    String json = header.toString();
    int length = json.getBytes(StandardCharsets.UTF_8).length;
    return toBytes(json + " ".repeat(-length & 7), data.toByteArray());
  }

  /** A file of any header, also one that is wrong. */
  static byte[] toBytes(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  Path write(Path file) {
    try {
      return Files.write(file, toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
