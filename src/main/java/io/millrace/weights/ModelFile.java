package io.millrace.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of a model, open for reading. Parts of it are mapped by who wants them, into arenas of
 * their own, which outlive this object.
 *
 * <p>The file must not change while it is open. One that is cut short later makes the reader of a
 * mapping fail with {@link InternalError}.
 */
final class ModelFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final long size;

  private ModelFile(Path path, FileChannel channel, long size) {
    this.path = path;
    this.channel = channel;
    this.size = size;
  }

  /**
   * Opens a file, or what a symbolic link leads to.
   *
   * @param kind of the file, for error messages, such as {@code a GGUF file}
   * @throws CheckpointException when there is none, or it cannot be read
   */
  static ModelFile open(Path path, String kind) {
    if (Files.isDirectory(path)) {
      throw new CheckpointException(path, "is a directory, expected " + kind);
    }
    if (Files.exists(path)
        && !Files.isRegularFile(path)) { // opening a pipe would wait for a writer
      throw new CheckpointException(path, "is no regular file, expected " + kind);
    }
    try {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return new ModelFile(path, channel, channel.size());
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path, "there is no such file: " + e.getFile(), e);
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be read: " + e.getMessage(), e);
    }
  }

  Path path() {
    return path;
  }

  /** Size in bytes, when it was opened. */
  long size() {
    return size;
  }

  /**
   * Maps a part of the file.
   *
   * @throws UncheckedIOException when it cannot be mapped
   */
  MemorySegment map(long offset, long bytes, Arena arena) {
    try {
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes, arena);
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be mapped: %s".formatted(path, e.getMessage()), e);
    }
  }

  /**
   * Reads a part of the file into memory.
   *
   * @throws CheckpointException when it cannot be read or is not there any more
   */
  ByteBuffer read(long offset, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    try {
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, offset + buffer.position()) < 0) {
          throw problem("was cut short after it was opened");
        }
      }
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be read: " + e.getMessage(), e);
    }
    return buffer.flip();
  }

  CheckpointException problem(String format, Object... arguments) {
    return new CheckpointException(path, format.formatted(arguments));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be closed: " + e.getMessage(), e);
    }
  }
}
