package io.millrace.topology;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.millrace.record.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** The topics of {@code topology/asyncapi.yaml}, which is packaged: partitions and settings. */
public final class TopicContract {
  private static final String FILE = "/topology/asyncapi.yaml";
  private static final String MODEL = "{model}";

  private final Topics topics;
  private final List<TopicSpec> shared = new ArrayList<>();
  private final JsonNode work;

  private TopicContract(Topics topics, JsonNode contract) {
    this.topics = topics;
    JsonNode perModel = null;
    for (JsonNode channel : contract.required("channels")) {
      String address = channel.required("address").textValue();
      if (address.endsWith(MODEL)) {
        perModel = channel;
      } else {
        shared.add(spec(topics.prefix() + address, channel));
      }
    }
    work = requireNonNull(perModel, "the contract has no channel per model");
  }

  /**
   * Reads the contract.
   *
   * @param topics names the topics
   */
  public static TopicContract load(Topics topics) {
    try (InputStream file = TopicContract.class.getResourceAsStream(FILE)) {
      requireNonNull(file, FILE + " is not packaged");
      return new TopicContract(topics, new YAMLMapper().readTree(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + FILE + ": " + e.getMessage(), e);
    }
  }

  /** Every topic that all models share. */
  public List<TopicSpec> shared() {
    return List.copyOf(shared);
  }

  /**
   * An input for the prompts of one model: as {@code prompts}, under another name.
   *
   * @throws IllegalArgumentException when the name cannot be part of a topic's
   */
  public TopicSpec prompts(String model) {
    TopicSpec prompts =
        shared.stream()
            .filter(topic -> topic.name().equals(topics.prompts()))
            .findFirst()
            .orElseThrow();
    return new TopicSpec(topics.prompts(model), prompts.partitions(), prompts.configs());
  }

  /**
   * The lanes of a model's workers.
   *
   * @throws IllegalArgumentException when the name cannot be part of a topic's
   */
  public TopicSpec work(String model) {
    return spec(topics.work(model), work);
  }

  private static TopicSpec spec(String name, JsonNode channel) {
    JsonNode kafka = channel.required("bindings").required("kafka");
    Map<String, String> configs = new HashMap<>();
    kafka
        .required("topicConfiguration")
        .properties()
        .forEach(config -> configs.put(config.getKey(), text(config.getValue())));
    return new TopicSpec(name, kafka.required("partitions").intValue(), configs);
  }

  private static String text(JsonNode value) {
    return value.isArray()
        ? StreamSupport.stream(value.spliterator(), false)
            .map(JsonNode::asText)
            .collect(joining(","))
        : value.asText();
  }
}
