package io.millrace.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open safetensors file (<a href="https://github.com/huggingface/safetensors">the format</a>): a
 * 64-bit length, a JSON header of that length, and the tensors' bytes, each at the place that the
 * header names, without overlaps or holes.
 */
final class SafetensorsFile implements TensorFile {
  /** Headers of real files take some 100 bytes a tensor. */
  private static final int MAX_HEADER_BYTES = 16 << 20;

  private static final int MAX_TENSORS = 1 << 16;
  private static final int MAX_DIMENSIONS = 8;
  private static final String METADATA = "__metadata__";

  /** Bytes of an element of each type. */
  private static final Map<String, Integer> TYPES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("U8", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("F8_E8M0", 1),
          Map.entry("I16", 2),
          Map.entry("U16", 2),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("I32", 4),
          Map.entry("U32", 4),
          Map.entry("F32", 4),
          Map.entry("F64", 8),
          Map.entry("I64", 8),
          Map.entry("U64", 8));

  private final ModelFile file;
  private final ByteBuffer header;
  private final Map<String, StoredTensor> tensors;
  private final Optional<String> writer;

  private SafetensorsFile(
      ModelFile file,
      ByteBuffer header,
      Map<String, StoredTensor> tensors,
      Optional<String> writer) {
    this.file = file;
    this.header = header;
    this.tensors = tensors;
    this.writer = writer;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointException when it cannot be read or is damaged
   */
  static SafetensorsFile open(Path path) {
    ModelFile file = ModelFile.open(path, "a safetensors file");
    try {
      ByteBuffer header = readHeader(file);
      Parser parser = new Parser(file, Long.BYTES + header.remaining());
      parser.read(header);
      checkPlaces(file, parser.start, parser.tensors);
      return new SafetensorsFile(file, header, parser.tensors, parser.writer);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  private static ByteBuffer readHeader(ModelFile file) {
    if (file.size() < Long.BYTES) {
      throw file.problem("is %d bytes long, which is no safetensors file", file.size());
    }
    long length = file.read(0, Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
    long most = Math.min(MAX_HEADER_BYTES, file.size() - Long.BYTES);
    if (length < 2 || length > most) {
      throw file.problem(
          "announces a header of %s bytes, expected 2 to %d; it is damaged, not whole or no"
              + " safetensors file",
          Long.toUnsignedString(length), most);
    }
    return file.read(Long.BYTES, (int) length);
  }

  /** Every byte after the header belongs to one tensor. */
  private static void checkPlaces(ModelFile file, long start, Map<String, StoredTensor> tensors) {
    List<StoredTensor> inOrder =
        tensors.values().stream()
            .sorted(
                Comparator.comparingLong((StoredTensor tensor) -> tensor.place().offset())
                    .thenComparingLong(tensor -> tensor.place().fileBytes()))
            .toList();
    long end = start;
    for (StoredTensor tensor : inOrder) {
      if (tensor.place().offset() != end) {
        throw file.problem(
            "tensor %s begins at byte %d of the data, expected byte %d: tensors overlap, or there"
                + " is a hole between them",
            tensor.name(), tensor.place().offset() - start, end - start);
      }
      end += tensor.place().fileBytes();
    }
    if (end != file.size()) {
      throw file.problem(
          "has %d bytes of data, the header describes %d; it is damaged or not whole",
          file.size() - start, end - start);
    }
  }

  @Override
  public ModelFile file() {
    return file;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public ByteBuffer description() {
    return header.duplicate();
  }

  @Override
  public Optional<String> writer() {
    return writer;
  }

  /** Reads the header as a stream, so that a hostile one cannot fill the heap with a tree. */
  private static final class Parser {
    final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    final long start;
    Optional<String> writer = Optional.empty();
    private final ModelFile file;

    Parser(ModelFile file, long start) {
      this.file = file;
      this.start = start;
    }

    void read(ByteBuffer header) {
      try (JsonParser json =
          JsonDocument.FACTORY.createParser(header.array(), 0, header.remaining())) {
        expect(json.nextToken(), JsonToken.START_OBJECT, "the header");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String name = json.currentName();
          expect(json.nextToken(), JsonToken.START_OBJECT, name);
          if (name.equals(METADATA)) {
            readMetadata(json);
          } else {
            tensors.put(name, readTensor(json, name));
          }
          if (tensors.size() > MAX_TENSORS) {
            throw file.problem("has more than %d tensors", MAX_TENSORS);
          }
        }
        if (json.nextToken() != null) {
          throw file.problem("has something behind the JSON of its header");
        }
      } catch (JsonProcessingException e) {
        throw new CheckpointException(
            file.path(), "has a header that is no valid JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw new CheckpointException(file.path(), "cannot be read: " + e.getMessage(), e);
      }
    }

    private void readMetadata(JsonParser json) throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        expect(json.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + key);
        if (key.equals("format")) {
          writer = Optional.of(json.getText());
        }
      }
    }

    private StoredTensor readTensor(JsonParser json, String name) throws IOException {
      Optional<String> type = Optional.empty();
      Optional<List<Long>> shape = Optional.empty();
      Optional<List<Long>> offsets = Optional.empty();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        JsonToken value = json.nextToken();
        switch (key) {
          case "dtype" -> {
            expect(value, JsonToken.VALUE_STRING, "the type of tensor " + name);
            type = Optional.of(json.getText());
          }
          case "shape" -> shape = Optional.of(readNumbers(json, value, name));
          case "data_offsets" -> offsets = Optional.of(readNumbers(json, value, name));
          default -> throw file.problem("tensor %s has the unknown property %s", name, key);
        }
      }
      if (type.isEmpty() || shape.isEmpty() || offsets.isEmpty()) {
        throw file.problem("tensor %s lacks dtype, shape or data_offsets", name);
      }
      return place(name, type.get(), shape.get(), offsets.get());
    }

    private List<Long> readNumbers(JsonParser json, JsonToken first, String name)
        throws IOException {
      expect(first, JsonToken.START_ARRAY, "a property of tensor " + name);
      List<Long> numbers = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, "a number of tensor " + name);
        numbers.add(json.getLongValue());
        if (numbers.size() > MAX_DIMENSIONS) {
          throw file.problem("tensor %s has more than %d dimensions", name, MAX_DIMENSIONS);
        }
      }
      return numbers;
    }

    private StoredTensor place(String name, String type, List<Long> shape, List<Long> offsets) {
      Integer elementBytes = TYPES.get(type);
      if (elementBytes == null) {
        throw file.problem("tensor %s has type %s, which safetensors does not have", name, type);
      }
      long room = file.size() - start;
      if (offsets.size() != 2
          || offsets.get(0) < 0
          || offsets.get(1) < offsets.get(0)
          || offsets.get(1) > room) {
        throw file.problem(
            "tensor %s has the data_offsets %s, expected a range within the %d bytes of data; the"
                + " file is damaged or not whole",
            name, offsets, room);
      }
      long bytes = offsets.get(1) - offsets.get(0);
      long elements = 1;
      for (long size : shape) {
        if (size < 0
            || size > Integer.MAX_VALUE
            || elements > 0 && size > Long.MAX_VALUE / 8 / elements) {
          throw file.problem("tensor %s has the shape %s, more than any file holds", name, shape);
        }
        elements *= size;
      }
      if (elements * elementBytes != bytes) {
        throw file.problem(
            "tensor %s of type %s and shape %s takes %d bytes, its data_offsets are %d apart",
            name, type, shape, elements * elementBytes, bytes);
      }
      return new StoredTensor(
          name,
          type,
          shape.stream().map(Math::toIntExact).toList(),
          bytes,
          new StoredTensor.Stored(file, start + offsets.get(0), bytes));
    }

    private void expect(JsonToken found, JsonToken expected, String what) {
      if (found != expected) {
        throw file.problem("has a header in which %s is %s, expected %s", what, found, expected);
      }
    }
  }
}
