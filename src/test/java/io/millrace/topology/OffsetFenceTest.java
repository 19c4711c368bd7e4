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

    assertThat(fence.fill(Map.of())).isEqualTo(Map.of(LANE, FIVE));
  }

  @Test
  void shouldLeaveOffsetsAsTheyAre() {
    fence.fetched(Map.of(LANE, FIVE));

    assertThat(fence.fill(Map.of(NEW_LANE, SIX))).isEqualTo(Map.of(NEW_LANE, SIX));
  }

  @Test
  void shouldNotCommitAgainWhatWasAborted() {
    fence.fetched(Map.of(LANE, FIVE));
    fence.fill(Map.of(LANE, SIX));
    Map<TopicPartition, OffsetAndMetadata> afterAnAbort = fence.fill(Map.of());
    fence.committed();
    fence.fill(Map.of(LANE, SIX));
    fence.committed();

    assertThat(afterAnAbort).isEqualTo(Map.of(LANE, FIVE));
    assertThat(fence.fill(Map.of())).isEqualTo(Map.of(LANE, SIX));
  }

  @Test
  void shouldNotTouchPartitionsThatOthersOwn() {
    fence.fetched(Map.of(LANE, FIVE));

    fence.left(List.of(LANE));

    assertThat(fence.fill(Map.of())).isEmpty();
  }
}
