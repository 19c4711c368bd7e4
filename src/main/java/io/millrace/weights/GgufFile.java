package io.millrace.weights;

import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Optional;

/**
 * An open GGUF file. Its header stays mapped until {@link #close}; tensors are mapped one by one by
 * who wants them, into arenas of their own, which outlive this object.
 *
 * <p>The file must not change while it is open. One that is cut short later makes the reader of a
 * mapping fail with {@link InternalError}.
 */
final class GgufFile implements AutoCloseable {
  /** Of each tensor, its beginning, middle and end go into the fingerprint. */
  private static final int SAMPLE_BYTES = 4096;

  private final Path file;
  private final FileChannel channel;
  private final Arena arena;
  private final GgufHeader header;
  private final MemorySegment headerBytes;
  private final long size;

  private GgufFile(
      Path file,
      FileChannel channel,
      Arena arena,
      GgufHeader header,
      MemorySegment headerBytes,
      long size) {
    this.file = file;
    this.channel = channel;
    this.arena = arena;
    this.header = header;
    this.headerBytes = headerBytes;
    this.size = size;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointException when it cannot be read or is no GGUF file
   */
  static GgufFile open(Path file) {
    if (Files.isDirectory(file)) {
      throw new CheckpointException(file, "is a directory, expected a GGUF file");
    }
    if (Files.exists(file)
        && !Files.isRegularFile(file)) { // opening a pipe would wait for a writer
      throw new CheckpointException(file, "is no regular file, expected a GGUF file");
    }
    FileChannel channel = null;
    Arena arena = Arena.ofShared();
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      long size = channel.size();
      GgufHeader header;
      try (Arena reading = Arena.ofConfined()) {
        header = GgufHeader.read(file, map(channel, 0, size, reading));
      }
      return new GgufFile(
          file, channel, arena, header, map(channel, 0, header.bytes(), arena), size);
    } catch (IOException | RuntimeException e) {
      arena.close();
      closeQuietly(channel, e);
      switch (e) {
        case NoSuchFileException missing ->
            throw new CheckpointException(file, "there is no such file: " + missing.getFile(), e);
        case IOException unreadable ->
            throw new CheckpointException(file, "cannot be read: " + unreadable.getMessage(), e);
        case RuntimeException other -> throw other;
        default -> throw new AssertionError(e);
      }
    }
  }

  Path file() {
    return file;
  }

  /** Size of the file in bytes. */
  long size() {
    return size;
  }

  int version() {
    return header.version();
  }

  GgufMetadata metadata() {
    return new GgufMetadata(file, headerBytes, header.values());
  }

  Collection<GgufTensor> tensors() {
    return header.tensors().values();
  }

  Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(header.tensors().get(name));
  }

  /**
   * A tensor as backends take it.
   *
   * @throws CheckpointException when this build cannot compute with its type
   */
  TensorSource source(GgufTensor tensor) {
    DType dtype =
        tensor
            .type()
            .dtype()
            .orElseThrow(() ->
                new CheckpointException(
                    file,
                    "tensor %s has type %d (%s), which this build cannot read, expected one of"
                            .formatted(tensor.name(), tensor.type().number(), tensor.type())
                        + " %s; re-quantize the model to Q8_0"
                            .formatted(Arrays.toString(DType.values()))));
    return new FileTensor(
        tensor.name(), dtype, tensor.rows(), tensor.cols(), channel, tensor.offset());
  }

  /**
   * Identifies weights and tokenizer: a SHA-256, in hexadecimal, over the header, the file's size,
   * and the beginning, middle and end of every tensor (4 KiB each). A gigabyte is not read in full
   * for it: a file that was changed by hand between the samples goes unnoticed, another
   * quantization, training run or vocabulary does not.
   */
  String fingerprint() {
    MessageDigest digest = sha256();
    digest.update(headerBytes.asByteBuffer());
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
    for (GgufTensor tensor : tensors()) {
      long last = Math.max(0, tensor.bytes() - SAMPLE_BYTES);
      for (long start : new long[] {0, last / 2, last}) {
        digest.update(sample(tensor, start));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw new CheckpointException(file, "cannot be closed: " + e.getMessage(), e);
    }
  }

  private ByteBuffer sample(GgufTensor tensor, long start) {
    int length = (int) Math.min(SAMPLE_BYTES, tensor.bytes() - start);
    ByteBuffer sample = ByteBuffer.allocate(length);
    try {
      while (sample.hasRemaining()) {
        if (channel.read(sample, tensor.offset() + start + sample.position()) < 0) {
          throw new CheckpointException(file, "was cut short after it was opened");
        }
      }
    } catch (IOException e) {
      throw new CheckpointException(file, "cannot be read: " + e.getMessage(), e);
    }
    return sample.flip();
  }

  private static MemorySegment map(FileChannel channel, long offset, long size, Arena arena)
      throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, offset, size, arena);
  }

  private static void closeQuietly(FileChannel channel, Exception cause) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
