package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.record.Logprobs;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.Test;

class InFlightStoreTest {
  private static final Headers NONE = new RecordHeaders();
  private static final long TIMESTAMP = 1_700_000_000_000L;

  private final KeyValueStore<byte[], byte[]> entries = TaskStore.open();
  private final InFlightStore store = new InFlightStore(entries);

  @Test
  void shouldReturnAPromptWithItsProgress() {
    Headers headers = new RecordHeaders().add("traceparent", bytes("00-1")).add("empty", null);
    store.admit("a", record("work", headers), 17, "weights", true);
    store.append("a", 1, piece(List.of(7, 8), 5));
    store.append("a", 2, piece(List.of(9), 0));

    SavedPrompt saved = single();
    assertThat(saved.id()).isEqualTo("a");
    assertThat(saved.work()).isEqualTo(bytes("work"));
    assertThat(saved.headers()).isEqualTo(headers);
    assertThat(saved.fingerprint()).isEqualTo("weights");
    assertThat(saved.choice(0).progress().tokens()).containsExactly(7, 8, 9);
    assertThat(saved.choice(0).progress().publishedChars()).isEqualTo(5);
    assertThat(saved.segments()).isEqualTo(2);
    assertThat(saved.offset()).isEqualTo(17);
    assertThat(saved.timestamp()).isEqualTo(TIMESTAMP);
  }

  @Test
  void shouldKeepSegmentsInOrderPastAByte() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    for (int segment = 1; segment <= 300; segment++) {
      store.append("a", segment, piece(List.of(segment), 1));
    }

    Progress progress = single().choice(0).progress();
    assertThat(progress.tokens()).hasSize(300).isSorted();
    assertThat(progress.publishedChars()).isEqualTo(300);
  }

  @Test
  void shouldKeepTheChoicesOfAPromptApart() {
    Logprobs logprobs =
        new Logprobs(List.of("a"), List.of(-0.5), List.of(Map.of("a", -0.5)), List.of(3));
    store.admit("a", record("work", NONE), 17, "weights", true);
    store.append("a", 1, piece(List.of(7), 5));
    store.append(
        "a",
        2,
        new SavedPiece(
            1, new int[] {8}, 2, Optional.of(FinishReason.LENGTH), Optional.of(logprobs)));
    store.append("a", 3, piece(List.of(9), 0));

    SavedChoice second = single().choice(1);

    assertThat(single().choice(0).progress().tokens()).containsExactly(7, 9);
    assertThat(second.progress().tokens()).containsExactly(8);
    assertThat(second.progress().end()).contains(FinishReason.LENGTH);
    assertThat(second.logprobs()).containsExactly(logprobs);
    assertThat(single().choice(2)).isEqualTo(SavedChoice.NONE);
    assertThat(single().segments()).isEqualTo(3);
  }

  @Test
  void shouldKeepPromptsApart() {
    List<String> ids = List.of("a", "aa", "ab", "a\0\0\0\1", "é", "🌾", "b");
    for (String id : ids) {
      store.admit(id, record(id, NONE), 17, "weights", true);
      store.append(id, 1, piece(List.of(id.hashCode()), 1));
    }

    assertThat(store.readAll())
        .extracting(SavedPrompt::id)
        .containsExactlyInAnyOrderElementsOf(ids);
    assertThat(store.readAll())
        .allSatisfy(saved ->
            assertThat(saved.choice(0).progress().tokens()).containsExactly(saved.id().hashCode()));
  }

  @Test
  void shouldForgetAPromptThatEnded() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    store.append("a", 1, piece(List.of(1), 1));
    store.append("a", 2, piece(List.of(2), 1));
    store.admit("b", record("work", NONE), 18, "weights", true);

    store.remove("a", 2);

    assertThat(store.readAll()).extracting(SavedPrompt::id).containsExactly("b");
    assertThat(entries.approximateNumEntries()).isEqualTo(1);
  }

  @Test
  void shouldCountAttemptsThatAddNothing() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    int afterTheFirst = single().strikes();
    store.attempt("a", 2, 0);
    int afterTheSecond = single().strikes();
    store.append("a", 1, piece(List.of(7), 5));
    int afterAToken = single().strikes();
    store.attempt("a", 1, 1);

    assertThat(List.of(afterTheFirst, afterTheSecond, afterAToken, single().strikes()))
        .containsExactly(1, 2, 0, 1);
    assertThat(single().choice(0).progress().tokens()).containsExactly(7);
  }

  @Test
  void shouldHoldNothingAgainstAPromptThatHasNotBegun() {
    store.admit("a", record("work", NONE), 17, "weights", false);

    assertThat(single().strikes()).isZero();
  }

  @Test
  void shouldForgetTheAttemptsOfAPromptThatEnded() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    store.attempt("a", 2, 0);

    store.remove("a", 0);

    assertThat(entries.approximateNumEntries()).isZero();
  }

  @Test
  void shouldRemoveWhatBelongsToNoPrompt() {
    store.append("0", 3, piece(List.of(1), 1));
    store.admit("a", record("work", NONE), 17, "weights", true);
    store.append("b", 1, piece(List.of(1), 1));
    store.attempt("c", 2, 0);

    assertThat(single().choices()).isEmpty();
    assertThat(entries.approximateNumEntries()).isEqualTo(1);
  }

  @Test
  void shouldIgnoreFieldsThatANewerBuildAdded() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    rewrite(value -> Arrays.copyOf(value, value.length + 9));

    assertThat(single().work()).isEqualTo(bytes("work"));
  }

  @Test
  void shouldRefuseAVersionItCannotRead() {
    store.admit("a", record("work", NONE), 17, "weights", true);
    rewrite(value -> {
      value[0]++;
      return value;
    });

    assertThatThrownBy(store::readAll)
        .hasMessageContaining("prompt a has version 2, expected at most 1");
  }

  private void rewrite(UnaryOperator<byte[]> change) {
    try (var all = entries.all()) {
      all.forEachRemaining(entry -> entries.put(entry.key, change.apply(entry.value)));
    }
  }

  private SavedPrompt single() {
    List<SavedPrompt> all = store.readAll();
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static Record<byte[], byte[]> record(String work, Headers headers) {
    return new Record<>(bytes("key"), bytes(work), TIMESTAMP, headers);
  }

  private static SavedPiece piece(List<Integer> tokens, int chars) {
    int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
    return new SavedPiece(0, ids, chars, Optional.empty(), Optional.empty());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
