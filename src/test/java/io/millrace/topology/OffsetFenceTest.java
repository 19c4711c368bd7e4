package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class OffsetFenceTest {
  private static final TopicPartition LANE = new TopicPartition("work.tales", 2);
  private static final TopicPartition NEW_LANE = new TopicPartition("work.tales", 3);
  private static final OffsetAndMetadata FIVE = new OffsetAndMetadata(5);
  private static final OffsetAndMetadata SIX = new OffsetAndMetadata(6);

  private final OffsetFence fence = new OffsetFence();

  @Test
  void shouldCommitAgainWhatIsCommittedWhenThereIsNothingElse() {
    Map<TopicPartition, OffsetAndMetadata> fetched = new HashMap<>();
    fetched.put(LANE, FIVE);
    fetched.put(NEW_LANE, null);
    fence.fetched(fetched);
    fence.wrote();

    assertThat(fence.fill(Map.of())).isEqualTo(Map.of(LANE, FIVE));
  }

  @Test
  void shouldLeaveTransactionsWithoutRecordsEmpty() {
    fence.fetched(Map.of(LANE, FIVE));
    fence.wrote();
    fence.fill(Map.of());
    fence.committed();

    assertThat(fence.fill(Map.of())).isEmpty();
  }

  @Test
  void shouldLeaveOffsetsAsTheyAre() {
    fence.fetched(Map.of(LANE, FIVE));

    assertThat(fence.fill(Map.of(NEW_LANE, SIX))).isEqualTo(Map.of(NEW_LANE, SIX));
  }

  @Test
  void shouldCommitAgainWhatItHasCommitted() {
    fence.fetched(Map.of(LANE, FIVE));
    fence.fill(Map.of(LANE, SIX));
    fence.committed();
    fence.wrote();

    assertThat(fence.fill(Map.of())).isEqualTo(Map.of(LANE, SIX));
  }

  @Test
  void shouldForgetWhatMayOrMayNotBeCommitted() {
    fence.fetched(Map.of(LANE, FIVE));

    fence.fill(Map.of(LANE, SIX));
    fence.wrote();
    Map<TopicPartition, OffsetAndMetadata> afterAFailure = fence.fill(Map.of());
    fence.committed();
    fence.fetched(Map.of(LANE, SIX));
    fence.wrote();

    assertThat(afterAFailure).isEmpty();
    assertThat(fence.fill(Map.of())).isEqualTo(Map.of(LANE, SIX));
  }

  @Test
  void shouldNotTouchPartitionsThatOthersOwn() {
    fence.fetched(Map.of(LANE, FIVE));

    fence.left(List.of(LANE));
    fence.wrote();

    assertThat(fence.fill(Map.of())).isEmpty();
  }
}
