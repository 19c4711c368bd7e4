package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.KafkaUnderTest;
import io.millrace.record.Topics;
import io.millrace.topology.TopicState.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TopicAdminIT {
  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private final Topics topics = new Topics(kafka.newPrefix());
  private final TopicContract contract = TopicContract.load(topics);

  @Test
  void shouldCreateEveryTopicAsTheContractSays() {
    List<TopicSpec> specs = new ArrayList<>(contract.shared());
    specs.add(contract.work("llama"));

    try (TopicAdmin admin = admin()) {
      List<TopicState> created = admin.create(specs, TopicAdmin.BROKER_DEFAULT);
      List<TopicState> described = admin.describe(specs);

      assertThat(created).extracting(TopicState::status).containsOnly(Status.CREATED);
      assertThat(described).allSatisfy(topic -> assertThat(topic.differences()).isEmpty());
      assertThat(described).extracting(TopicState::status).containsOnly(Status.EXISTS);
      assertThat(described)
          .extracting(TopicState::partitions)
          .containsExactlyElementsOf(specs.stream().map(TopicSpec::partitions).toList());
      assertThat(described).extracting(TopicState::replicas).containsOnly(1);
      assertThat(admin.namesThatBeginWith(topics.prefix() + "work."))
          .containsExactly(topics.work("llama"));
    }
  }

  @Test
  void shouldCreateOnlyWhatIsMissing() {
    try (TopicAdmin admin = admin()) {
      admin.create(List.of(contract.work("a")), TopicAdmin.BROKER_DEFAULT);

      List<TopicState> states =
          admin.create(List.of(contract.work("a"), contract.work("b")), TopicAdmin.BROKER_DEFAULT);

      assertThat(states)
          .extracting(TopicState::status)
          .containsExactly(Status.EXISTS, Status.CREATED);
    }
  }

  @Test
  void shouldSayHowATopicDiffers() throws Exception {
    kafka.createTopics(
        new NewTopic(topics.chunks(), 3, (short) 1)
            .configs(Map.of("retention.ms", "1000", "max.message.bytes", "2097152")));

    try (TopicAdmin admin = admin()) {
      List<TopicState> states = admin.create(contract.shared(), TopicAdmin.BROKER_DEFAULT);

      TopicState chunks =
          states.stream().filter(s -> s.name().equals(topics.chunks())).findAny().orElseThrow();
      assertThat(chunks.status()).isEqualTo(Status.DIFFERS);
      assertThat(chunks.differences())
          .containsExactly(
              "partitions is 3, the contract says 8",
              "message.timestamp.type is CreateTime, the contract says LogAppendTime",
              "retention.ms is 1000, the contract says 86400000");
    }
  }

  @Test
  void shouldReportMissingTopics() {
    try (TopicAdmin admin = admin()) {
      assertThat(admin.describe(contract.shared()))
          .extracting(TopicState::status)
          .containsOnly(Status.MISSING);
    }
  }

  @Test
  void shouldNameTheAddressWhenNobodyAnswers() {
    Map<String, Object> nobody =
        Map.of(
            "bootstrap.servers",
            "127.0.0.1:1",
            "default.api.timeout.ms",
            300,
            "request.timeout.ms",
            200);

    try (TopicAdmin admin = new TopicAdmin(nobody)) {
      assertThatExceptionOfType(TopicAdminException.class)
          .isThrownBy(() -> admin.describe(contract.shared()))
          .withMessageContaining("no Kafka broker answers at 127.0.0.1:1");
    }
  }

  @Test
  void shouldNameTheAddressThatIsNone() {
    assertThatExceptionOfType(TopicAdminException.class)
        .isThrownBy(() -> new TopicAdmin(Map.of("bootstrap.servers", "no-such-host.invalid:9092")))
        .withMessageContaining("no-such-host.invalid:9092");
  }

  @Test
  void shouldPassOnWhyTheBrokerRefuses() {
    try (TopicAdmin admin = admin()) {
      assertThatExceptionOfType(TopicAdminException.class)
          .isThrownBy(() -> admin.create(contract.shared(), (short) 3))
          .withMessageContaining("cannot create topic")
          .withMessageContaining("3");
    }
  }

  private static TopicAdmin admin() {
    return new TopicAdmin(Map.of("bootstrap.servers", kafka.bootstrapServers()));
  }
}
