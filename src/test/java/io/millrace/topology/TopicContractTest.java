package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.record.Topics;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopicContractTest {
  private static final Topics TOPICS = new Topics("prod.");

  private final TopicContract contract = TopicContract.load(TOPICS);

  @Test
  void shouldNameTopicsAsTheCodeDoes() {
    assertThat(contract.shared())
        .extracting(TopicSpec::name)
        .containsExactlyInAnyOrder(
            TOPICS.prompts(),
            TOPICS.urgentPrompts(),
            TOPICS.chunks(),
            TOPICS.completions(),
            TOPICS.deadLetters(),
            TOPICS.control(),
            TOPICS.workers());
    assertThat(contract.work("llama").name()).isEqualTo("prod.work.llama");
  }

  @Test
  void shouldGiveBothInputsTheSamePartitions() {
    assertThat(spec(TOPICS.urgentPrompts()).partitions())
        .isEqualTo(spec(TOPICS.prompts()).partitions());
  }

  @Test
  void shouldGiveAModelAnInputLikePrompts() {
    TopicSpec input = contract.prompts("llama");

    assertThat(input.name()).isEqualTo("prod.prompts.llama");
    assertThat(input.partitions()).isEqualTo(spec(TOPICS.prompts()).partitions());
    assertThat(input.configs()).isEqualTo(spec(TOPICS.prompts()).configs());
    assertThatThrownBy(() -> contract.prompts("urgent"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldKeepControlAsLongAsPrompts() {
    assertThat(retention(TOPICS.control())).isGreaterThanOrEqualTo(retention(TOPICS.prompts()));
    assertThat(retention(TOPICS.control()))
        .isGreaterThanOrEqualTo(retention(TOPICS.urgentPrompts()));
  }

  @Test
  void shouldCompactHeartbeats() {
    assertThat(spec(TOPICS.workers()).configs()).containsEntry("cleanup.policy", "compact");
  }

  @Test
  void shouldHaveLanes() {
    assertThat(contract.work("llama").partitions()).isEqualTo(32);
  }

  @Test
  void shouldHoldPromptsOfTheLargestSizeOnTheirWholeWay() {
    int promptMaxBytes = 1 << 20;

    List<TopicSpec> way =
        List.of(
            spec(TOPICS.prompts()),
            spec(TOPICS.urgentPrompts()),
            contract.work("llama"),
            spec(TOPICS.deadLetters()));

    assertThat(way)
        .allSatisfy(topic ->
            assertThat(Integer.parseInt(topic.configs().get("max.message.bytes")))
                .isGreaterThan(promptMaxBytes));
  }

  private TopicSpec spec(String name) {
    return contract.shared().stream()
        .filter(topic -> topic.name().equals(name))
        .findAny()
        .orElseThrow();
  }

  private long retention(String name) {
    return Long.parseLong(spec(name).configs().get("retention.ms"));
  }
}
