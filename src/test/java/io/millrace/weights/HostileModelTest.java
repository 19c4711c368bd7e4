package io.millrace.weights;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are damaged, or made to do damage. */
class HostileModelTest {
  private static final int MUTATIONS = 120;
  private static final int WEIGHTS_BYTES = 64;

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void shouldUseAFileWithNothingWrong(HostileModel format) {
    assertThat(format.use(folder, format.seed())).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void shouldUseOrRefuseAnyChangedFileQuickly(HostileModel format) {
    byte[] seed = format.seed();
    Random random = new Random(20250101);
    int refused = 0;

    for (int i = 0; i < MUTATIONS; i++) {
      refused += format.use(folder, mutate(format, seed, random)) ? 0 : 1;
    }

    assertThat(refused).isBetween(MUTATIONS / 20, MUTATIONS);
  }

  @ParameterizedTest
  @EnumSource
  void shouldUseOrRefuseAFileThatIsCutAnywhere(HostileModel format) {
    byte[] seed = format.seed();

    for (int cut = 0; cut < seed.length; cut += Math.max(1, seed.length / 60)) {
      format.use(folder, Arrays.copyOf(seed, cut));
    }
  }

  /** Changes a few bytes, mostly where a format describes itself: at the beginning or the end. */
  private static byte[] mutate(HostileModel format, byte[] seed, Random random) {
    byte[] mutant = seed.clone();
    int described =
        switch (format) {
          case GGUF -> 10_000;
          case SAFETENSORS -> 3000;
          case NPZ, DEFLATED_NPZ, CONFIG, INDEX, TOKENIZER -> seed.length;
        };
    for (int change = random.nextInt(3); change >= 0; change--) {
      int position =
          format.name().endsWith("NPZ") && random.nextBoolean()
              ? seed.length - 1 - random.nextInt(1500)
              : random.nextInt(described);
      switch (random.nextInt(5)) {
        case 0 -> mutant[position] = (byte) random.nextInt(256);
        case 1 -> mutant[position] ^= (byte) (1 << random.nextInt(8));
        case 2 ->
            Arrays.fill(
                mutant,
                position,
                Math.min(mutant.length, position + 8),
                (byte) (random.nextInt(2) * 0xff));
        case 3 -> mutant[position] = "0123456789-.{}[]\",".getBytes(UTF_8)[random.nextInt(18)];
        default -> {
          int from = random.nextInt(described);
          int length = Math.min(8, mutant.length - Math.max(from, position));
          System.arraycopy(mutant, from, mutant, position, length);
        }
      }
    }
    return mutant;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|the header is START_ARRAY, expected START_OBJECT",
        "{\"a\": 1}|a is VALUE_NUMBER_INT, expected START_OBJECT",
        "{\"a\": {\"dtype\": \"F32\"}}|tensor a lacks dtype, shape or data_offsets",
        "{\"a\": {\"dtype\": \"F33\", \"shape\": [1], \"data_offsets\": [0, 4]}}|type F33, which",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}|takes 8 bytes, its",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}|shape [-1], more",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 4]}}|more",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 400]}}|data_offsets [0, 400]",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [8, 4]}}|data_offsets [8, 4]",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}|begins at byte 4 of",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}|describes 4; it is",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, \"a\": {}}|Duplicate",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, \"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}|tensors overlap",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 99999999999999999999]}}|JSON",
        "{\"a\": {\"dtype\": \"F32\", \"x\": 1}}|unknown property x",
        "{}{}|something behind the JSON"
      })
  void shouldRefuseSafetensorsHeadersThatCannotBe(String header, String problem)
      throws IOException {
    Files.write(
        folder.resolve("model.safetensors"), SafetensorsWriter.toBytes(header, new byte[12]));

    assertProblem(() -> Checkpoint.open(folder), problem);
  }

  @Test
  void shouldRefuseALongSafetensorsHeaderBeforeReadingIt() throws IOException {
    byte[] file = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 40).array();
    Files.write(folder.resolve("model.safetensors"), file);

    assertProblem(() -> Checkpoint.open(folder), "announces a header of 1099511627776 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":", "["})
  void shouldRefuseDeepJson(String opening) throws IOException {
    String deep = opening.repeat(100_000);
    Files.write(
        folder.resolve("model.safetensors"),
        SafetensorsWriter.toBytes("{\"a\":" + deep, new byte[0]));
    assertProblem(() -> Checkpoint.open(folder), "model.safetensors: ");

    Files.delete(folder.resolve("model.safetensors"));
    Files.writeString(folder.resolve("config.json"), "{\"a\":" + deep);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertProblem(checkpoint::config, "config.json: is no valid JSON");
    }
  }

  @Test
  void shouldRefuseMembersThatAreNoArrays() {
    npz("../../etc/passwd", new byte[10], "has member ../../etc/passwd, expected only .npy arrays");
    npz("a.npy", new byte[64], "it is no .npy array of version 1, 2 or 3");
    npz("a.npy", new byte[3], "it is too short");
    npz("a.npy", NpzWriter.npy(1, ">f4", new byte[4], 1), "big-endian");
    npz(
        "a.npy",
        NpzWriter.npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", new byte[16]),
        "column by column");
    npz("a.npy", NpzWriter.npy(1, "{'descr': [('a', '<f4')]}", new byte[4]), "expected a type");
    npz("a.npy", NpzWriter.npy(1, "<f4", new byte[8], 3), "which do not fit each other");
    npz("a.npy", NpzWriter.npy(1, "<f4", new byte[8], 99999, 99999, 99999), "do not fit");
    npz(
        "a.npy",
        NpzWriter.npy(
            1, "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,)}", new byte[4]),
        "its shape is (9999999999,)");
    npz("a.npy", NpzWriter.npy(1, "<f7", new byte[7], 1), "its elements are of type f7");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void shouldReadArraysOfEveryVersion(int version) {
    byte[] npy = NpzWriter.npy(version, "<f4", new byte[24], 2, 3);
    Path file =
        new NpzWriter(version == 2).member("a.npy", npy).write(folder.resolve("weights.npz"));

    try (NpzFile npz = NpzFile.open(file)) {
      assertThat(npz.tensors().get("a").shape()).containsExactly(2, 3);
    }
  }

  @Test
  void shouldRefuseZipBombs() {
    byte[] bomb = NpzWriter.npy(1, "<f4", new byte[100 << 20], 25 << 20);
    new NpzWriter(true).member("a.npy", bomb).write(folder.resolve("weights.npz"));

    assertProblem(() -> Checkpoint.open(folder), "which no weights allow");
  }

  @Test
  void shouldRefuseMembersThatOverlap() throws IOException {
    byte[] array = NpzWriter.npy(1, "<f4", new byte[4], 1);
    byte[] file = new NpzWriter(false).member("a.npy", array).member("b.npy", array).toBytes();
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int second = new String(file, ISO_8859_1).lastIndexOf("PK\1\2");
    bytes.putInt(second + 42, 0);
    Files.write(folder.resolve("weights.npz"), file);

    assertProblem(() -> Checkpoint.open(folder), "has members that overlap");
  }

  @Test
  void shouldNoticeADamagedDeflatedArray() throws IOException {
    byte[] elements = new byte[4 * WEIGHTS_BYTES];
    new Random(1).nextBytes(elements);
    byte[] array = NpzWriter.npy(1, "<f4", elements, WEIGHTS_BYTES);
    byte[] file = new NpzWriter(true).member("a.npy", array).toBytes();
    file[file.length / 2] ^= 0x10;
    Path path = Files.write(folder.resolve("weights.npz"), file);

    try (NpzFile npz = NpzFile.open(path);
        Arena arena = Arena.ofConfined()) {
      assertProblem(
          () -> npz.tensors().get("a").source().map(arena), "has the damaged member a.npy");
    }
  }

  private void npz(String member, byte[] content, String problem) {
    new NpzWriter(false).member(member, content).write(folder.resolve("weights.npz"));

    assertProblem(() -> Checkpoint.open(folder), problem);
  }

  private static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageContaining(problem);
  }
}
