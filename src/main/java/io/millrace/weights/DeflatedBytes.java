package io.millrace.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * An array that stands deflated in an npz file. It cannot be mapped where it is: each mapping
 * inflates it, off the heap.
 *
 * @param member that holds the array
 * @param skipped bytes before the elements: the array's header
 */
record DeflatedBytes(ModelFile file, ZipDirectory.Member member, int skipped)
    implements StoredTensor.Place {
  /** Deflate cannot do better (<a href="https://www.zlib.net/zlib_tech.html">zlib</a>). */
  private static final long MAX_RATIO = 1032;

  /** No trained weights come near this; more than a little of it is no model. */
  private static final long SUSPICIOUS_RATIO = 100;

  private static final long SUSPICIOUS_BYTES = 64 << 20;
  private static final int STEP_BYTES = 1 << 20;

  /** Checks that a member's sizes can be true. */
  static void check(ModelFile file, ZipDirectory.Member member) {
    long most =
        Math.max(
            Math.min(member.packedBytes() * MAX_RATIO, SUSPICIOUS_BYTES),
            member.packedBytes() * SUSPICIOUS_RATIO);
    if (member.bytes() > most) {
      throw file.problem(
          "has member %s of %d bytes, deflated to %d, which no weights allow",
          member.name(), member.bytes(), member.packedBytes());
    }
  }

  /** The first bytes of a member, at most {@code most}. */
  static ByteBuffer first(ModelFile file, ZipDirectory.Member member, int most) {
    int length = (int) Math.min(most, member.bytes());
    ByteBuffer packed = file.read(member.offset(), (int) Math.min(4L * most, member.packedBytes()));
    ByteBuffer first = ByteBuffer.allocate(length);
    try (Inflater inflater = new Inflater(true)) {
      inflater.setInput(packed);
      while (first.hasRemaining() && inflater.inflate(first) > 0) {}
    } catch (DataFormatException e) {
      throw damaged(file, member, e.getMessage());
    }
    return first.flip();
  }

  @Override
  public long offset() {
    return member.offset();
  }

  @Override
  public long fileBytes() {
    return member.packedBytes();
  }

  @Override
  public MemorySegment map(Arena arena) {
    MemorySegment elements = arena.allocate(member.bytes() - skipped);
    CRC32 crc = new CRC32();
    try (Arena mapping = Arena.ofConfined();
        Inflater inflater = new Inflater(true)) {
      Input input = new Input(file.map(member.offset(), member.packedBytes(), mapping), inflater);
      ByteBuffer header = ByteBuffer.allocate(skipped);
      input.fill(header);
      crc.update(header.flip());
      for (long at = 0; at < elements.byteSize(); at += STEP_BYTES) {
        long step = Math.min(STEP_BYTES, elements.byteSize() - at);
        ByteBuffer part = elements.asSlice(at, step).asByteBuffer();
        input.fill(part);
        crc.update(part.flip());
      }
    } catch (DataFormatException e) {
      throw damaged(file, member, e.getMessage());
    }
    if ((int) crc.getValue() != member.crc()) {
      throw damaged(file, member, "its checksum is another");
    }
    return elements.asReadOnly();
  }

  /** Feeds an inflater. */
  private record Input(MemorySegment packed, Inflater inflater) {
    void fill(ByteBuffer out) throws DataFormatException {
      while (out.hasRemaining()) {
        long at = inflater.getBytesRead();
        if (inflater.needsInput() && at < packed.byteSize()) {
          long step = Math.min(STEP_BYTES, packed.byteSize() - at);
          inflater.setInput(packed.asSlice(at, step).asByteBuffer());
        }
        if (inflater.inflate(out) == 0 && (inflater.finished() || at >= packed.byteSize())) {
          throw new DataFormatException("it ends too early");
        }
      }
    }
  }

  private static CheckpointException damaged(
      ModelFile file, ZipDirectory.Member member, String problem) {
    return file.problem("has the damaged member %s: %s", member.name(), problem);
  }
}
