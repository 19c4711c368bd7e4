package io.millrace.weights;

import io.millrace.weights.ZipDirectory.Member;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** An open npz file: a ZIP file whose members are numpy arrays, stored or deflated. */
final class NpzFile implements TensorFile {
  private static final String SUFFIX = ".npy";

  private final ModelFile file;
  private final Map<String, StoredTensor> tensors;

  private NpzFile(ModelFile file, Map<String, StoredTensor> tensors) {
    this.file = file;
    this.tensors = tensors;
  }

  /**
   * Opens a file and checks its directory and the headers of all arrays.
   *
   * @throws CheckpointException when it cannot be read or is damaged
   */
  static NpzFile open(Path path) {
    ModelFile file = ModelFile.open(path, "an npz file");
    try {
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      for (Member member : new ZipDirectory(file).read()) {
        StoredTensor tensor = array(file, member);
        if (tensors.put(tensor.name(), tensor) != null) {
          throw file.problem("has array %s twice", tensor.name());
        }
      }
      return new NpzFile(file, tensors);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  private static StoredTensor array(ModelFile file, Member member) {
    if (!member.name().endsWith(SUFFIX)) {
      throw file.problem("has member %s, expected only .npy arrays", member.name());
    }
    boolean deflated = member.method() == ZipDirectory.DEFLATED;
    if (deflated) {
      DeflatedBytes.check(file, member);
    }
    int most = (int) Math.min(NpyHeader.MAX_BYTES, member.bytes());
    NpyHeader header;
    try {
      header =
          NpyHeader.read(
              deflated
                  ? DeflatedBytes.first(file, member, most)
                  : file.read(member.offset(), most));
    } catch (IllegalArgumentException e) {
      throw file.problem("has member %s that cannot be read: %s", member.name(), e.getMessage());
    }
    long bytes = member.bytes() - header.bytes();
    checkSize(file, member, header, bytes);
    String name = member.name().substring(0, member.name().length() - SUFFIX.length());
    return new StoredTensor(
        name,
        header.type(),
        header.shape(),
        bytes,
        deflated
            ? new DeflatedBytes(file, member, header.bytes())
            : new StoredTensor.Stored(file, member.offset() + header.bytes(), bytes));
  }

  private static void checkSize(ModelFile file, Member member, NpyHeader header, long bytes) {
    long elements = bytes / header.elementBytes();
    for (int size : header.shape()) {
      elements = size == 0 ? 0 : elements % size == 0 ? elements / size : -1;
    }
    boolean empty = header.shape().contains(0);
    if (empty ? bytes != 0 : elements != 1 || bytes % header.elementBytes() != 0) {
      throw file.problem(
          "has member %s of type %s and shape %s in %d bytes, which do not fit each other",
          member.name(), header.type(), header.shape(), bytes);
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
  public Optional<String> writer() {
    return Optional.empty();
  }

  @Override
  public ByteBuffer description() {
    StringBuilder description = new StringBuilder();
    tensors
        .values()
        .forEach(tensor ->
            description
                .append(tensor.name())
                .append(tensor.type())
                .append(tensor.shape())
                .append(tensor.place().fileBytes()));
    return StandardCharsets.UTF_8.encode(description.toString());
  }
}
