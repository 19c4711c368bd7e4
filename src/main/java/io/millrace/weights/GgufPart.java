package io.millrace.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * One open file of a GGUF model; most models have just one. Its header stays mapped until {@link
 * #close}.
 */
final class GgufPart implements AutoCloseable {
  private final ModelFile file;
  private final Arena arena;
  private final GgufHeader header;
  private final MemorySegment headerBytes;

  private GgufPart(ModelFile file, Arena arena, GgufHeader header, MemorySegment headerBytes) {
    this.file = file;
    this.arena = arena;
    this.header = header;
    this.headerBytes = headerBytes;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointException when it cannot be read or is no GGUF file
   */
  static GgufPart open(Path path) {
    ModelFile file = ModelFile.open(path, "a GGUF file");
    Arena arena = Arena.ofShared();
    try {
      GgufHeader header;
      try (Arena reading = Arena.ofConfined()) {
        header = GgufHeader.read(path, file.map(0, file.size(), reading));
      }
      return new GgufPart(file, arena, header, file.map(0, header.bytes(), arena));
    } catch (Throwable e) {
      arena.close();
      file.close();
      throw e;
    }
  }

  ModelFile file() {
    return file;
  }

  GgufHeader header() {
    return header;
  }

  ByteBuffer headerBytes() {
    return headerBytes.asByteBuffer();
  }

  GgufMetadata metadata() {
    return new GgufMetadata(file.path(), headerBytes, header.values());
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    file.close();
  }
}
