package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** npz files whose directories are written as those of files beyond 4 GB are. */
class Zip64Test {
  private static final int END_BYTES = 22;
  private static final int ENTRY_BYTES = 46;
  private static final int EXTRA_BYTES = 4 + 3 * Long.BYTES;
  private static final int NO_NUMBER = 0xffffffff;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldReadSizesAndPlacesOf64Bits(boolean deflated) throws IOException {
    byte[] a = random(64, 1);
    byte[] b = random(48, 2);
    byte[] file =
        new NpzWriter(deflated).array("a", "<f4", a, 4, 4).array("b", "<f2", b, 24).toBytes();
    Path path = Files.write(folder.resolve("weights.npz"), zip64(file));

    try (NpzFile npz = NpzFile.open(path);
        Arena arena = Arena.ofConfined()) {
      assertThat(npz.tensors().keySet()).containsExactlyInAnyOrder("a", "b");
      assertThat(npz.tensors().get("a").source().map(arena).asByteBuffer())
          .isEqualTo(ByteBuffer.wrap(a));
      assertThat(npz.tensors().get("b").place().map(arena).asByteBuffer())
          .isEqualTo(ByteBuffer.wrap(b));
    }
  }

  @Test
  void shouldRefuseAnEntryThatLacksItsSizes() throws IOException {
    byte[] file = zip64(new NpzWriter(false).array("a", "<f4", random(64, 1), 16).toBytes());
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int end64 = (int) bytes.getLong(file.length - END_BYTES - 12);
    int extra = (int) bytes.getLong(end64 + 48) + ENTRY_BYTES + "a.npy".length();
    bytes.putShort(extra, (short) 7); // of another kind

    Path path = Files.write(folder.resolve("weights.npz"), file);

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> NpzFile.open(path))
        .withMessageContaining("lacks a ZIP64 size of its member a.npy");
  }

  /** Writes the directory of a ZIP file again, with all sizes and offsets in ZIP64 fields. */
  private static byte[] zip64(byte[] file) {
    ByteBuffer old = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int end = file.length - END_BYTES;
    int members = old.getShort(end + 10);
    int directory = old.getInt(end + 16);
    ByteBuffer out =
        ByteBuffer.allocate(file.length + members * EXTRA_BYTES + 56 + 20)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(file, 0, directory);
    int at = directory;
    for (int i = 0; i < members; i++) {
      int nameBytes = old.getShort(at + 28);
      int entry = out.position();
      out.put(file, at, ENTRY_BYTES + nameBytes);
      out.putInt(entry + 20, NO_NUMBER).putInt(entry + 24, NO_NUMBER).putInt(entry + 42, NO_NUMBER);
      out.putShort(entry + 30, (short) EXTRA_BYTES).putShort(entry + 32, (short) 0);
      out.putShort((short) 1).putShort((short) (3 * Long.BYTES));
      out.putLong(old.getInt(at + 24)).putLong(old.getInt(at + 20)).putLong(old.getInt(at + 42));
      at += ENTRY_BYTES + nameBytes + old.getShort(at + 30) + old.getShort(at + 32);
    }
    int end64 = out.position();
    out.putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0);
    out.putLong(members).putLong(members).putLong(end64 - directory).putLong(directory);
    out.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
    out.put(file, end, END_BYTES);
    int newEnd = out.position() - END_BYTES;
    out.putShort(newEnd + 8, (short) 0xffff).putShort(newEnd + 10, (short) 0xffff);
    out.putInt(newEnd + 12, NO_NUMBER).putInt(newEnd + 16, NO_NUMBER);
    assertThat(out.hasRemaining()).isFalse();
    return out.array();
  }

  private static byte[] random(int bytes, long seed) {
    byte[] random = new byte[bytes];
    new Random(seed).nextBytes(random);
    return random;
  }
}
