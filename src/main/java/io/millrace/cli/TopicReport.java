package io.millrace.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.topology.TopicState;
import io.millrace.topology.TopicState.Status;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Prints how topics stand: a table for people, or a line of JSON for each. */
final class TopicReport {
  private final PrintWriter out;
  private final boolean json;

  TopicReport(PrintWriter out, boolean json) {
    this.out = out;
    this.json = json;
  }

  void print(List<TopicState> topics) {
    if (json) {
      topics.forEach(topic -> out.println(toJson(topic)));
    } else {
      printTable(topics);
    }
    out.flush();
  }

  private void printTable(List<TopicState> topics) {
    int width = topics.stream().mapToInt(topic -> topic.name().length()).max().orElse(0);
    String row = "%-" + Math.max(width, "TOPIC".length()) + "s  %10s  %8s  %s%n";
    out.printf(row, "TOPIC", "PARTITIONS", "REPLICAS", "STATUS");
    for (TopicState topic : topics) {
      boolean missing = topic.status() == Status.MISSING;
      out.printf(
          row,
          topic.name(),
          missing ? "-" : topic.partitions(),
          missing ? "-" : topic.replicas(),
          status(topic));
      topic.differences().forEach(difference -> out.println("  " + difference));
    }
  }

  private static String toJson(TopicState topic) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("topic", topic.name());
    line.put("status", status(topic));
    line.put("partitions", topic.partitions());
    line.put("replicas", topic.replicas());
    topic.differences().forEach(line.putArray("differences")::add);
    return line.toString();
  }

  private static String status(TopicState topic) {
    return topic.status().name().toLowerCase(Locale.ROOT);
  }
}
