package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.Test;

class RecentPromptsTest {
  private static final Duration WINDOW = Duration.ofMinutes(10);
  private static final long DAY = Duration.ofDays(1).toMillis();
  private static final long NOW = 1_700_000_000_000L;
  private static final int CAPACITY = 100;

  private final KeyValueStore<String, byte[]> store = open();
  private final RecentPrompts prompts = RecentPrompts.restore(store, WINDOW, CAPACITY);

  @Test
  void shouldKnowAPromptForTheWindow() {
    prompts.addSent("a", NOW, "tales", 3, NOW);
    prompts.addEnded("b", NOW, NOW);

    long last = NOW + WINDOW.toMillis() - 1;
    assertThat(prompts.contains("a", last)).isTrue();
    assertThat(prompts.contains("b", last)).isTrue();
    assertThat(prompts.contains("a", last + 1)).isFalse();
    assertThat(prompts.contains("c", NOW)).isFalse();
  }

  @Test
  void shouldRememberTheLaneAfterTheWindow() {
    prompts.addSent("a", NOW, "tales", 3, NOW);
    prompts.addEnded("b", NOW, NOW);

    assertThat(prompts.lane("a", "tales")).hasValue(3);
    assertThat(prompts.lane("a", "poems")).isEmpty();
    assertThat(prompts.lane("b", "tales")).isEmpty();
  }

  @Test
  void shouldNotGrowPastItsCapacity() {
    for (int i = 0; i < 3 * CAPACITY; i++) {
      prompts.addSent("p" + i, NOW + i, "tales", 0, NOW + i);
    }

    assertThat(store.approximateNumEntries()).isEqualTo(CAPACITY);
    assertThat(prompts.contains("p" + (2 * CAPACITY - 1), NOW + 3 * CAPACITY)).isFalse();
    assertThat(prompts.contains("p" + 2 * CAPACITY, NOW + 3 * CAPACITY)).isTrue();
  }

  @Test
  void shouldForgetADayAfterTheWindow() {
    prompts.addSent("a", NOW, "tales", 3, NOW);

    long later = NOW + WINDOW.toMillis() + DAY;
    prompts.addSent("b", later, "tales", 3, later);

    assertThat(prompts.lane("a", "tales")).isEmpty();
    assertThat(store.approximateNumEntries()).isEqualTo(1);
  }

  @Test
  void shouldKnowWhatAnEarlierOwnerKnew() {
    prompts.addSent("old", NOW, "tales", 3, NOW);
    prompts.addSent("new", NOW + 1, "tales", 4, NOW + 1);

    RecentPrompts restored = RecentPrompts.restore(store, WINDOW, 2);
    restored.addSent("newest", NOW + 2, "tales", 5, NOW + 2);

    assertThat(restored.contains("old", NOW + 2)).isFalse();
    assertThat(restored.contains("new", NOW + 2)).isTrue();
    assertThat(restored.lane("new", "tales")).hasValue(4);
  }

  private static KeyValueStore<String, byte[]> open() {
    KeyValueStore<String, byte[]> store =
        RecentPrompts.storeBuilder().withLoggingDisabled().build();
    store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    return store;
  }
}
