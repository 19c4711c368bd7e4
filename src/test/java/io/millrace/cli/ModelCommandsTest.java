package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.weights.TinyModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code tokenize} and {@code inspect}. */
class ModelCommandsTest {
  @TempDir private Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final InputStream stdin = System.in;
  private String model;

  @BeforeEach
  void writeModel() {
    model = TinyModel.writer().write(directory.resolve("tiny.gguf")).toString();
  }

  @AfterEach
  void restoreStdin() {
    System.setIn(stdin);
  }

  @Test
  void shouldPrintTokenIds() {
    assertThat(run("tokenize", "--model", model, "ab")).isZero();

    assertThat(out.toString()).isEqualTo("1 264" + System.lineSeparator());
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void shouldLeaveTheBeginningOfSequenceOut() {
    assertThat(run("tokenize", "--model", model, "--no-bos", "ab")).isZero();

    assertThat(out.toString().strip()).isEqualTo("264");
  }

  @Test
  void shouldPrintTokensAndPiecesAsJson() throws IOException {
    assertThat(run("tokenize", "--model", model, "--json", "ab</s>\"")).isZero();

    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json)
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    "{\"tokens\":[1,264,2,259,37],\"pieces\":[\"<s>\",\"▁ab\",\"</s>\",\"▁\",\"<0x22>\"]}"));
    assertThat(out.toString().lines()).hasSize(1);
  }

  @Test
  void shouldRenderWithTheTemplateOfAModel() throws IOException {
    Path file =
        TinyModel.writer()
            .put(
                "tokenizer.chat_template",
                "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")
            .write(directory.resolve("chat.gguf"));
    Path request = directory.resolve("chat.json");
    Files.writeString(request, "{\"messages\":[{\"role\":\"user\",\"content\":\" ü </s>\"}]}");

    assertThat(run("render", "--model", file.toString(), "--request", request.toString())).isZero();

    assertThat(out.toString()).isEqualTo("<s> ü </s></s>");
    assertThat(run("render", "--model", model, "--request", request.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("has no chat template; give one with --template");
  }

  @Test
  void shouldReadStandardInputExactly() throws IOException {
    System.setIn(new ByteArrayInputStream("ü \n\0\r\n".getBytes(UTF_8)));

    assertThat(run("tokenize", "--model", model, "--json", "--no-bos", "-")).isZero();

    assertThat(new ObjectMapper().readTree(out.toString()).get("pieces").toString())
        .isEqualTo(
            "[\"▁\",\"<0xC3>\",\"<0xBC>\",\"▁\",\"<0x0A>\",\"<0x00>\",\"<0x0D>\",\"<0x0A>\"]");
  }

  @Test
  void shouldRefuseStandardInputThatIsNoUtf8() {
    System.setIn(new ByteArrayInputStream(new byte[] {'a', 'b', (byte) 0xff, 'c'}));

    assertThat(run("tokenize", "--model", model, "-")).isEqualTo(1);

    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().strip())
        .isEqualTo("millrace: standard input is not valid UTF-8: byte ff at offset 2");
  }

  @Test
  void shouldTokenizeAnEmptyText() {
    assertThat(run("tokenize", "--model", model, "--no-bos", "")).isZero();

    assertThat(out.toString()).isEqualTo(System.lineSeparator());
  }

  @Test
  void shouldTakeANamedModel() {
    assertThat(run("inspect", "--model", "pond-1=" + model)).isZero();

    assertThat(out.toString()).containsPattern("model +pond-1\\R");
  }

  @Test
  void shouldPrintWhatIsInAModel() {
    assertThat(run("inspect", "--model", model)).isZero();

    assertThat(out.toString())
        .containsPattern("model +tiny\\R")
        .containsPattern("architecture +llama\\R")
        .containsPattern("  F32 +[0-9,]+ parameters in 11 tensors, [0-9,]+ bytes\\R")
        .containsPattern("context +64 tokens\\R")
        .containsPattern("tokenizer +SentencePiece, 265 tokens\\R")
        .containsPattern("chat template +no\\R")
        .containsPattern("memory +[0-9,]+ bytes for 8 slots\\R")
        .containsPattern("  weights +[0-9,]+ bytes\\R")
        .containsPattern("  KV cache +[0-9,]+ bytes a token, [0-9,]+ when all slots")
        .containsPattern("fingerprint +[0-9a-f]{64}\\R")
        .containsPattern("runs here +yes\\R");
  }

  @Test
  void shouldPrintWhatIsInAModelAsJson() throws IOException {
    assertThat(run("inspect", "--model", model, "--slots", "2", "--json")).isZero();

    JsonNode line = new ObjectMapper().readTree(out.toString());
    assertThat(line.get("architecture").textValue()).isEqualTo("llama");
    assertThat(line.at("/types/0/type").textValue()).isEqualTo("F32");
    assertThat(line.get("context_length").intValue()).isEqualTo(64);
    assertThat(line.at("/memory/slots").intValue()).isEqualTo(2);
    assertThat(line.at("/memory/total_bytes").intValue())
        .isEqualTo(
            line.at("/memory/weights_bytes").intValue()
                + 2 * 64 * line.at("/memory/kv_bytes_per_token").intValue());
    assertThat(line.get("runs_here").booleanValue()).isTrue();
    assertThat(line.get("problem").isNull()).isTrue();
  }

  @Test
  void shouldCountMemoryForTheTypeOfKeysAndValues() throws IOException {
    assertThat(run("inspect", "--model", model, "--json")).isZero();
    assertThat(run("inspect", "--model", model, "--kv-type", "f16", "--json")).isZero();

    String[] lines = out.toString().split("\\R");
    assertThat(kvBytesPerToken(lines[0])).isEqualTo(2 * kvBytesPerToken(lines[1]));
    assertThat(run("inspect", "--model", model, "--kv-type", "q8_0")).isEqualTo(2);
    assertThat(err.toString())
        .contains("--kv-type: keys and values of heads of 4 elements cannot be kept in Q8_0");
  }

  private static int kvBytesPerToken(String line) throws IOException {
    return new ObjectMapper().readTree(line).at("/memory/kv_bytes_per_token").intValue();
  }

  @Test
  void shouldPrintWhyAModelDoesNotRunHere() {
    String other =
        TinyModel.writer()
            .put("general.architecture", "mam%ba")
            .write(directory.resolve("other.gguf"))
            .toString();

    assertThat(run("inspect", "--model", other)).isZero();

    assertThat(out.toString())
        .containsPattern("runs here +no: other.gguf: has architecture mam%ba");
  }

  @Test
  void shouldSayThatAVocabularyAloneDoesNotRun() {
    String vocabulary =
        TinyModel.writer().withoutTensors().write(directory.resolve("words.gguf")).toString();

    assertThat(run("inspect", "--model", vocabulary)).isZero();

    assertThat(out.toString())
        .containsPattern("tokenizer +SentencePiece, 265 tokens\\R")
        .contains("no: words.gguf: has no weights")
        .doesNotContain("memory");
  }

  @ParameterizedTest
  @CsvSource({
    "pond, '', '\"pond\" is no repository'",
    "pond, x.gguf, '\"pond\" is no repository'",
    "pond/frog, ../x.gguf, ../x.gguf"
  })
  void shouldTakeARepositoryAndThenAFile(String repository, String file, String problem) {
    String[] arguments =
        file.isEmpty()
            ? new String[] {"pull", repository}
            : new String[] {"pull", repository, file};

    assertThat(run(arguments)).isEqualTo(1);

    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains(problem);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenize", "inspect"})
  void shouldShowAnExampleInItsHelp(String command) {
    assertThat(run(command, "--help")).isZero();

    assertThat(out.toString()).contains("millrace " + command + " --model stories.gguf");
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenize", "inspect"})
  void shouldExitWithTwoWhenTheModelIsNotNamed(String command) {
    assertThat(run(command)).isEqualTo(2);

    assertThat(err.toString()).contains("--model");
  }

  @Test
  void shouldReportAFileThatIsNoModelAsOneLine() {
    assertThat(run("inspect", "--model", directory.resolve("none.gguf").toString())).isEqualTo(1);

    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("millrace: none.gguf: there is no such file");
  }

  private int run(String... args) {
    return Millrace.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(args);
  }
}
