package io.millrace.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HubTest {
  private static final byte[] WEIGHTS = "weights ".repeat(100_000).getBytes(UTF_8);

  @TempDir private Path cache;

  private FakeHub server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeHub();
    server.addLarge("model.safetensors", WEIGHTS);
    server.addSmall("config.json", "{}");
    server.addSmall("tokenizer.json", "{\"a\":1}");
    server.addSmall("README.md", "read me");
    server.addLarge("original/consolidated.pth", WEIGHTS);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldFetchWhatAModelNeedsIntoTheStandardCache() throws IOException {
    Path folder = fetch("owner/model");

    Path root = cache.resolve("models--owner--model");
    assertThat(folder).isEqualTo(root.resolve("snapshots").resolve(FakeHub.COMMIT));
    assertThat(names(folder)).containsExactly("config.json", "model.safetensors", "tokenizer.json");
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS).isSymbolicLink();
    assertThat(root.resolve("refs/main")).hasContent(FakeHub.COMMIT);
    assertThat(names(root.resolve("blobs"))).hasSize(3).noneMatch(name -> name.endsWith("e"));
  }

  @Test
  void shouldFetchNothingTwice() {
    fetch("owner/model");
    int requests = server.downloads();

    fetch("owner/model");

    assertThat(server.downloads()).isEqualTo(requests);
  }

  @Test
  void shouldGoOnWhereAConnectionWasCut() {
    server.cutAfter(300_000);

    Path folder = fetch("owner/model");

    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    // What is in the client's buffers at the cut may be lost: the places are not exact.
    List<Integer> starts =
        server.ranges().stream()
            .map(range -> Integer.parseInt(range.replaceAll("\\D", "")))
            .toList();
    assertThat(starts).hasSizeGreaterThanOrEqualTo(2).isSorted().allMatch(start -> start > 0);
  }

  @Test
  void shouldGoOnWhereAnEarlierRunWasKilled() throws IOException {
    Path blobs = Files.createDirectories(cache.resolve("models--owner--model").resolve("blobs"));
    Path begun = blobs.resolve(FakeHub.sha256(WEIGHTS) + ".incomplete");
    Files.write(begun, java.util.Arrays.copyOf(WEIGHTS, 123_456));

    Path folder = fetch("owner/model");

    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.ranges()).containsExactly("bytes=123456-");
  }

  @Test
  void shouldBeginAgainWhenTheServerIgnoresRanges() {
    server.cutAfter(300_000);
    server.ignoreRanges();

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("model.safetensors: given up after 6 tries");
    server.cutAfter(Integer.MAX_VALUE);
    assertThat(fetch("owner/model").resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void shouldNeverLookCompleteBeforeItIs() {
    server.answer("model.safetensors", 404);

    assertThatExceptionOfType(HubException.class).isThrownBy(() -> fetch("owner/model"));

    assertThat(cache.resolve("models--owner--model/snapshots")).doesNotExist();
    assertThat(cache.resolve("models--owner--model/refs")).doesNotExist();
  }

  @Test
  void shouldThrowAwayWhatHasAnotherChecksum() {
    server.corrupt("model.safetensors");

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("model.safetensors has the checksum");

    server.repair();
    assertThat(fetch("owner/model").resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, -1})
  void shouldNotBelieveAServerThatLiesAboutLengths(int difference) {
    server.claimSize("model.safetensors", WEIGHTS.length + difference);

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 503, 500, 408})
  void shouldComeBackToABusyServer(int status) {
    server.answerOnce("config.json", status, "0");

    assertThat(fetch("owner/model").resolve("config.json")).hasContent("{}");
  }

  @Test
  void shouldNotWaitForEver() {
    server.answer("config.json", 429, "100000");

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("asks to come back in 100000 s");
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void shouldSayThatATokenIsNeeded(int status) {
    server.answer("api", status);

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("set HF_TOKEN");
  }

  @Test
  void shouldSayThatThereIsNoSuchModel() {
    server.answer("api", 404);

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("there is no such repository");
  }

  @Test
  void shouldNotGiveTheTokenToOtherHosts() throws IOException {
    try (FakeHub storage = new FakeHub()) {
      storage.addLarge("model.safetensors", WEIGHTS);
      server.redirect("model.safetensors", storage);

      Path folder = fetch("owner/model", Map.of("HF_TOKEN", "secret"));

      assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
      assertThat(server.tokens()).containsOnly("Bearer secret");
      assertThat(storage.downloads()).isPositive();
      assertThat(storage.tokens()).isEmpty();
    }
  }

  @Test
  void shouldGiveUpConnectionsThatStall() {
    server.stall("model.safetensors");

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("given up after 6 tries");
  }

  @Test
  void shouldSayWhereNobodyAnswers() {
    String address = server.endpoint().getAuthority();
    server.close();

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageEndingWith("no connection to " + address);
  }

  @Test
  void shouldWorkOfflineWithWhatIsThere() {
    Path folder = fetch("owner/model");
    server.close();

    assertThat(fetch("owner/model", Map.of("HF_HUB_OFFLINE", "1"))).isEqualTo(folder);
    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/other", Map.of("HF_HUB_OFFLINE", "1")))
        .withMessageContaining("is not in the cache");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../evil.safetensors",
        "/etc/evil.safetensors",
        "a/../../evil",
        "a\\b",
        "a//b",
        "C:x"
      })
  void shouldRefusePathsThatLeaveTheCache(String path) {
    server.addLarge(path, WEIGHTS);

    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> fetch("owner/model"))
        .withMessageContaining("no path inside a repository");
  }

  @Test
  void shouldFetchOneFileWithItsParts() throws IOException {
    server.addLarge("q/m-Q8_0-00001-of-00002.gguf", "one".getBytes(UTF_8));
    server.addLarge("q/m-Q8_0-00002-of-00002.gguf", "two".getBytes(UTF_8));
    server.addLarge("q/m-Q4_0.gguf", "four".getBytes(UTF_8));

    Path file = fetch("hf:owner/model/q/m-Q8_0-00001-of-00002.gguf");

    assertThat(file).hasContent("one");
    assertThat(names(file.getParent())).hasSize(2);
  }

  @Test
  void shouldAskWhichOfSeveralFilesIsMeant() throws IOException {
    try (FakeHub other = new FakeHub()) {
      other.addLarge("a.gguf", WEIGHTS);
      other.addLarge("b.gguf", WEIGHTS);
      server.close();
      server = other;

      assertThatExceptionOfType(HubException.class)
          .isThrownBy(() -> fetch("owner/model"))
          .withMessageContaining("holds 2 GGUF files; name one: a.gguf, b.gguf");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "a/b/../c", "a b/c", "../x", "-a/b", "a/b..c", "a/", "/b"})
  void shouldRefuseWhatIsNoRepository(String text) {
    assertThatExceptionOfType(HubException.class).isThrownBy(() -> ModelReference.parse(text));
  }

  @Test
  void shouldFindItsSettingsAsOtherToolsDo() {
    Path home = Path.of("/home/me");

    assertThat(HubSettings.of(Map.of(), home).cache())
        .isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(HubSettings.of(Map.of("HF_HOME", "/h"), home).cache()).isEqualTo(Path.of("/h/hub"));
    assertThat(HubSettings.of(Map.of("HF_HUB_CACHE", "/c"), home).cache()).isEqualTo(Path.of("/c"));
    assertThat(HubSettings.of(Map.of("HF_ENDPOINT", "https://x.org/"), home).endpoint())
        .hasToString("https://x.org");
    assertThatExceptionOfType(HubException.class)
        .isThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "ftp://x"), home));
  }

  private Path fetch(String reference) {
    return fetch(reference, Map.of());
  }

  private Path fetch(String reference, Map<String, String> environment) {
    HubSettings settings = HubSettings.of(environment, cache);
    HubSettings quick =
        new HubSettings(
            server.endpoint(),
            Optional.ofNullable(environment.get("HF_TOKEN")),
            cache,
            settings.offline(),
            java.time.Duration.ofMillis(5),
            java.time.Duration.ofMillis(400));
    try {
      return new Hub(quick).fetch(ModelReference.parse(reference), new Silence());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static final class Silence implements Progress {
    @Override
    public void begin(int files, long bytes) {}

    @Override
    public void advance(long bytes) {}

    @Override
    public void retry(String reason) {}

    @Override
    public void end() {}
  }
}
