package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufHeaderTest {
  private static final Path FILE = Path.of("models", "hostile.gguf");
  private static final int F32 = 0;
  private static final int Q8_0 = 8;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** Where the number of tensors and of metadata entries stand. */
  private static final int TENSOR_COUNT = 8;

  private static final int VALUE_COUNT = 16;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void shouldReadMetadataAndTensors(int version) {
    byte[] file =
        new GgufWriter()
            .version(version)
            .put("general.name", "pond")
            .f32("a", 2, 3, 1, 2, 3, 4, 5, 6)
            .tensor("b", Q8_0, new byte[34], 32)
            .toBytes();

    GgufHeader header = read(file);

    assertThat(header.version()).isEqualTo(version);
    assertThat(header.values()).containsOnlyKeys("general.name");
    assertThat(header.tensors().values())
        .extracting(GgufTensor::name, GgufTensor::type, GgufTensor::rows, GgufTensor::cols)
        .containsExactly(tuple("a", GgmlType.F32, 2, 3), tuple("b", GgmlType.Q8_0, 1, 32));
    assertThat(header.tensors().values())
        .allSatisfy(tensor -> assertThat(tensor.offset() % 32).isZero());
    assertThat(header.tensors().get("b").end()).isEqualTo(file.length);
  }

  @ParameterizedTest
  @MethodSource
  void shouldReadEveryTypeOfInteger(int type, byte[] bytes, long value) {
    byte[] file = new GgufWriter().raw("x", type, bytes).toBytes();

    assertThat(metadata(file).integer("x")).isEqualTo(OptionalLong.of(value));
  }

  static Stream<Arguments> shouldReadEveryTypeOfInteger() {
    return Stream.of(
        Arguments.of(0, bytes(0xff), 255),
        Arguments.of(1, bytes(0xff), -1),
        Arguments.of(2, bytes(0xfe, 0xff), 65534),
        Arguments.of(3, bytes(0xfe, 0xff), -2),
        Arguments.of(4, bytes(0xff, 0xff, 0xff, 0xff), 4294967295L),
        Arguments.of(5, bytes(0xff, 0xff, 0xff, 0xff), -1),
        Arguments.of(10, bytes(1, 0, 0, 0, 1, 0, 0, 0), 4294967297L),
        Arguments.of(11, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), -1));
  }

  @Test
  void shouldReadEveryOtherTypeOfValue() {
    byte[] file =
        new GgufWriter()
            .put("float", 1.5f)
            .put("double", 2.5)
            .put("yes", true)
            .put("no", false)
            .put("text", "träge Mühle")
            .put("texts", List.of("a", "", "ü"))
            .put("floats", List.of(1f, -2f))
            .put("integers", List.of(3, -4))
            .put("nested", List.of(List.of(1, 2), List.of(3)))
            .toBytes();

    GgufMetadata metadata = metadata(file);

    assertThat(metadata.real("float")).hasValue(1.5);
    assertThat(metadata.real("double")).hasValue(2.5);
    assertThat(metadata.flag("yes")).hasValue(true);
    assertThat(metadata.flag("no")).hasValue(false);
    assertThat(metadata.label("text")).hasValue("träge Mühle");
    assertThat(metadata.texts("texts", 3, 100)).containsExactly("a", "", "ü");
    assertThat(metadata.floats("floats", 2)).containsExactly(1f, -2f);
    assertThat(metadata.integers("integers", 2)).containsExactly(3, -4);
    assertThat(metadata.size("nested")).isEqualTo(OptionalInt.of(2));
    assertThat(metadata.label("missing")).isEmpty();
  }

  @Test
  void shouldSayWhatAValueIsAndWhatItShouldBe() {
    GgufMetadata metadata =
        metadata(
            new GgufWriter()
                .put("text", "a")
                .put("list", List.of("a"))
                .put("big", -1L)
                .put("bell", "\u0007")
                .put("long", "x".repeat(300))
                .toBytes());

    assertProblem(() -> metadata.integer("text"), "metadata text is STRING, expected an integer");
    assertProblem(() -> metadata.label("list"), "metadata list is ARRAY of STRING, expected");
    assertProblem(() -> metadata.flag("big"), "metadata big is UINT64, expected a boolean");
    assertProblem(() -> metadata.real("big"), "metadata big is UINT64, expected a floating");
    assertProblem(() -> metadata.integer("big"), "metadata big is 18446744073709551615");
    assertProblem(() -> metadata.required("missing", 1), "has no metadata missing");
    assertProblem(() -> metadata.floats("list", 9), "ARRAY of STRING, expected ARRAY of FLOAT32");
    assertProblem(() -> metadata.texts("list", 0, 9), "has 1 elements, expected at most 0");
    assertProblem(() -> metadata.texts("list", 1, 5), "takes 9 bytes, expected at most 5");
    assertProblem(() -> metadata.label("bell"), "metadata bell has control characters");
    assertProblem(() -> metadata.label("long"), "metadata long is 300 bytes long");
  }

  @Test
  void shouldRefuseAFileThatIsCutAnywhere() {
    byte[] whole =
        new GgufWriter()
            .put("general.name", "pond")
            .put("list", List.of("a", "bc"))
            .put("nested", List.of(List.of(1, 2), List.of(3)))
            .f32("a", 2, 3)
            .f32("b", 2, 3)
            .toBytes();

    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);

      assertProblem(() -> read(cut), "");
    }
  }

  @Test
  void shouldRefuseOtherFiles() {
    assertProblem(() -> read(new byte[0]), "needs 4 bytes at byte 0 for the magic number");
    assertProblem(() -> read("PK\3\4 and more".getBytes(StandardCharsets.US_ASCII)), "504b0304");
    assertProblem(() -> read(patch(tiny(), 4, 1)), "has GGUF version 1, expected 2 or 3");
    assertProblem(() -> read(patch(tiny(), 4, 3 << 24)), "is a big-endian GGUF file");
  }

  @ParameterizedTest
  @CsvSource({
    "-1, expected at most 65536",
    "9223372036854775807, expected at most 65536",
    "65537, expected at most 65536",
    "65536, do not fit",
    "2, do not fit"
  })
  void shouldRefuseCountsThatTheFileCannotHold(long count, String problem) {
    byte[] file = new GgufWriter().put("a", true).toBytes();

    assertProblem(() -> read(patch(file, TENSOR_COUNT, count)), problem);
    assertProblem(() -> read(patch(file, VALUE_COUNT, count)), problem);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, 3})
  void shouldRefuseLengthsBeyondTheEnd(long length) {
    byte[] text = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
    byte[] list =
        ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(5).putLong(length).array();

    assertProblem(() -> read(new GgufWriter().raw("s", STRING, text).toBytes()), "metadata s");
    assertProblem(() -> read(new GgufWriter().raw("l", ARRAY, list).toBytes()), "metadata l");
  }

  @Test
  void shouldRefuseTypesThatThereAreNot() {
    assertProblem(
        () -> read(new GgufWriter().raw("x", 13, (byte) 0).toBytes()),
        "metadata x has a value of type 13, expected 0 to 12");
    assertProblem(
        () -> read(new GgufWriter().tensor("t", 4, new byte[64], 32).toBytes()),
        "tensor t has type 4, which this build does not know; re-quantize the model to Q8_0");
  }

  @Test
  void shouldRefuseArraysInArraysInArrays() {
    List<?> deep = List.of(List.of(List.of(List.of(List.of(1)))));

    assertProblem(() -> read(new GgufWriter().put("deep", deep).toBytes()), "deeper than 4");
  }

  @Test
  void shouldRefuseKeysAndNamesThatAreRepeatedTooLongOrNotText() {
    byte[] twice = new GgufWriter().put("ab", true).put("ac", true).toBytes();
    twice[new String(twice, StandardCharsets.ISO_8859_1).indexOf("ac") + 1] = 'b';
    byte[] broken = new GgufWriter().put("key", true).toBytes();
    broken[new String(broken, StandardCharsets.ISO_8859_1).indexOf("key")] = (byte) 0xff;

    assertProblem(() -> read(twice), "has metadata ab twice");
    assertProblem(() -> read(broken), "the key of metadata entry 0 is not valid UTF-8");
    assertProblem(
        () -> read(new GgufWriter().put("k".repeat(513), true).toBytes()),
        "is 513 bytes long, expected at most 512");
    assertProblem(
        () -> read(new GgufWriter().f32("t".repeat(65), 1, 8).toBytes()),
        "the name of tensor 0 is 65 bytes long");
    assertProblem(
        () -> read(new GgufWriter().f32("t", 1, 8).f32("t", 1, 8).toBytes()), "has tensor t twice");
  }

  @ParameterizedTest
  @MethodSource
  void shouldRefuseDimensionsThatNoTensorHas(long[] dimensions, int type, String problem) {
    byte[] file = new GgufWriter().tensor("t", type, new byte[64], dimensions).toBytes();

    assertProblem(() -> read(file), problem);
  }

  static Stream<Arguments> shouldRefuseDimensionsThatNoTensorHas() {
    return Stream.of(
        Arguments.of(new long[] {}, F32, "tensor t has 0 dimensions"),
        Arguments.of(new long[] {1, 1, 1, 1, 1}, F32, "tensor t has 5 dimensions"),
        Arguments.of(new long[] {0}, F32, "has a dimension of 0"),
        Arguments.of(new long[] {8, 0}, F32, "has a dimension of 0"),
        Arguments.of(new long[] {-1}, F32, "has a dimension of 18446744073709551615"),
        Arguments.of(new long[] {1L << 31}, F32, "has a dimension of 2147483648"),
        Arguments.of(new long[] {1, 1L << 31}, F32, "has a dimension of 2147483648"),
        Arguments.of(new long[] {1, 1 << 16, 1 << 15}, F32, "on top of 65536 rows"),
        Arguments.of(new long[] {31}, Q8_0, "rows of 31 elements, expected a multiple of 32"),
        Arguments.of(new long[] {16, 4}, Q8_0, "rows of 16 elements, expected a multiple of 32"),
        Arguments.of(new long[] {17}, F32, "has 68 bytes at offset 0, but only 64"),
        Arguments.of(new long[] {Integer.MAX_VALUE, Integer.MAX_VALUE}, F32, "more than any"));
  }

  @ParameterizedTest
  @CsvSource({
    "-32, but only",
    "64, but only",
    "9223372036854775776, but only",
    "1, expected a multiple of the alignment 32",
    "0, overlap"
  })
  void shouldRefuseTensorsThatDoNotStandApartInTheFile(long offset, String problem) {
    byte[] file = new GgufWriter().f32("a", 1, 8).f32("b", 1, 8).toBytes();
    int offsetOfB = new String(file, StandardCharsets.ISO_8859_1).lastIndexOf('b') + 1 + 16;

    assertProblem(() -> read(patch(file, offsetOfB, offset)), problem);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 48, 1 << 17})
  void shouldRefuseAlignmentsThatAreNone(int alignment) {
    assertProblem(
        () -> read(new GgufWriter().put("general.alignment", alignment).toBytes()),
        "general.alignment is " + alignment);
  }

  @Test
  void shouldHonourTheAlignmentOfTheFile() {
    byte[] file = new GgufWriter().put("general.alignment", 32).f32("a", 1, 8).toBytes();
    byte[] wider = patch(file, indexAfter(file, "general.alignment") + 4, 64);

    GgufHeader header = read(Arrays.copyOf(wider, wider.length + 64));

    assertThat(header.tensors().get("a").offset() % 64).isZero();
  }

  @Test
  void shouldNotLetAFileWriteToTheTerminal() {
    assertProblem(
        () -> read(new GgufWriter().raw("\u001b[2J", 13).toBytes()), "metadata ?[2J has a value");
  }

  private static byte[] tiny() {
    return new GgufWriter().toBytes();
  }

  private static GgufHeader read(byte[] file) {
    return GgufHeader.read(FILE, MemorySegment.ofArray(file));
  }

  private static GgufMetadata metadata(byte[] file) {
    return new GgufMetadata(FILE, MemorySegment.ofArray(file), read(file).values());
  }

  private static byte[] patch(byte[] file, int position, long value) {
    byte[] patched = file.clone();
    ByteBuffer.wrap(patched).order(ByteOrder.LITTLE_ENDIAN).putLong(position, value);
    return patched;
  }

  private static byte[] patch(byte[] file, int position, int value) {
    byte[] patched = file.clone();
    ByteBuffer.wrap(patched).order(ByteOrder.LITTLE_ENDIAN).putInt(position, value);
    return patched;
  }

  private static int indexAfter(byte[] file, String text) {
    return new String(file, StandardCharsets.ISO_8859_1).indexOf(text) + text.length();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageStartingWith("hostile.gguf: ")
        .withMessageContaining(problem);
  }
}
