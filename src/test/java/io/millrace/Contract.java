package io.millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** The schemas of {@code topology/asyncapi.yaml}, to hold records against. */
public final class Contract {
  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JsonNode contract;

  private Contract(JsonNode contract) {
    this.contract = contract;
  }

  /** Reads the contract as the program does, from the class path. */
  public static Contract read() {
    try (InputStream file = Contract.class.getResourceAsStream("/topology/asyncapi.yaml")) {
      return new Contract(new YAMLMapper().readTree(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is wrong with a record's value, nothing when it is as its schema says. */
  public List<String> errors(String schema, byte[] value) {
    try {
      return errors(schema, JSON.readTree(value));
    } catch (IOException e) {
      return List.of(e.getMessage());
    }
  }

  /** What is wrong with a record's value, nothing when it is as its schema says. */
  public List<String> errors(String schema, JsonNode value) {
    ObjectNode root = JSON.createObjectNode();
    root.set("components", contract.required("components"));
    root.putArray("allOf").addObject().put("$ref", "#/components/schemas/" + schema);
    return SCHEMAS.getSchema(root).validate(value).stream().map(Error::toString).toList();
  }

  public JsonNode schema(String name) {
    return contract.at("/components/schemas").required(name);
  }

  /** Kafka's settings of a topic. */
  public JsonNode topicConfig(String channel) {
    return contract.required("channels").required(channel).at("/bindings/kafka/topicConfiguration");
  }

  public JsonNode messages() {
    return contract.at("/components/messages");
  }
}
