package io.millrace.topology;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.TopologyDescription.GlobalStore;
import org.apache.kafka.streams.TopologyDescription.Node;
import org.apache.kafka.streams.TopologyDescription.Processor;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.apache.kafka.streams.TopologyDescription.Subtopology;

/**
 * Draws topologies as SVG: input topics on the left, processors with their stores in the middle,
 * output topics on the right.
 */
final class TopologyDrawing {
  private static final int TOPIC_WIDTH = 150;
  private static final int PROCESSOR_WIDTH = 130;
  private static final int STORE_WIDTH = 110;
  private static final int HEIGHT = 30;
  private static final int GAP = 14;
  private static final int COLUMN_GAP = 110;
  private static final int MARGIN = 24;
  private static final int TITLE = 34;

  private final StringBuilder shapes = new StringBuilder();
  private final StringBuilder lines = new StringBuilder();
  private int top = MARGIN;
  private int width;

  /** A picture of apps below each other, by name. */
  static String svg(Map<String, TopologyDescription> apps) {
    TopologyDrawing drawing = new TopologyDrawing();
    apps.forEach(drawing::app);
    return drawing.document();
  }

  private void app(String name, TopologyDescription app) {
    shapes.append(
        "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>%n".formatted(MARGIN, top + 16, name));
    top += TITLE;
    app.subtopologies().stream()
        .sorted(Comparator.comparingInt(Subtopology::id))
        .forEach(subtopology -> part(List.copyOf(subtopology.nodes())));
    app.globalStores().stream()
        .sorted(Comparator.comparingInt(GlobalStore::id))
        .forEach(store -> part(List.of(store.source(), store.processor())));
    top += GAP;
  }

  /** Nodes that hang together, as one band. */
  private void part(List<Node> nodes) {
    Map<String, List<String>> inputs = new LinkedHashMap<>();
    Map<String, List<String>> outputs = new LinkedHashMap<>();
    List<Processor> processors = new ArrayList<>();
    for (Node node : nodes.stream().sorted(Comparator.comparing(Node::name)).toList()) {
      switch (node) {
        case Source source ->
            source.topicSet().forEach(topic -> inputs.put(topic, names(source.successors())));
        case Sink sink -> outputs.put(topic(sink), names(sink.predecessors()));
        case Processor processor -> processors.add(processor);
        default -> throw new IllegalArgumentException("no picture for " + node);
      }
    }
    processors.sort(Comparator.comparingInt(TopologyDrawing::depth).thenComparing(Node::name));

    int bandHeight =
        Stream.of(inputs.size(), outputs.size(), 1)
            .mapToInt(rows -> rows * (HEIGHT + GAP))
            .max()
            .orElseThrow();
    int middle = top + bandHeight / 2;
    Map<String, Box> boxes = new HashMap<>();
    int x = MARGIN + TOPIC_WIDTH + COLUMN_GAP;
    int bottom = top + bandHeight;
    for (Processor processor : processors) {
      Box box = new Box(x, middle - HEIGHT / 2, PROCESSOR_WIDTH);
      boxes.put(processor.name(), box);
      shape("processor", box, processor.name());
      bottom = Math.max(bottom, stores(processor, box));
      x += PROCESSOR_WIDTH + COLUMN_GAP;
    }
    for (Processor processor : processors) {
      names(processor.predecessors()).stream()
          .filter(boxes::containsKey)
          .forEach(before -> arrow(boxes.get(before), boxes.get(processor.name())));
    }
    topics(inputs, MARGIN, middle, (topic, name) -> arrow(topic, boxes.get(name)));
    topics(outputs, x, middle, (topic, name) -> arrow(boxes.get(name), topic));
    width = Math.max(width, x + TOPIC_WIDTH + MARGIN);
    top = bottom + GAP;
  }

  private interface Link {
    void draw(Box topic, String processor);
  }

  private void topics(Map<String, List<String>> topics, int x, int middle, Link link) {
    int y = middle - (topics.size() * (HEIGHT + GAP) - GAP) / 2;
    for (Map.Entry<String, List<String>> topic : topics.entrySet()) {
      Box box = new Box(x, y, TOPIC_WIDTH);
      shape("topic", box, topic.getKey());
      topic.getValue().forEach(processor -> link.draw(box, processor));
      y += HEIGHT + GAP;
    }
  }

  /** Draws the stores below their processor; returns where they end. */
  private int stores(Processor processor, Box box) {
    int y = box.y + HEIGHT + 2 * GAP;
    for (String store : new TreeSet<>(processor.stores())) {
      Box below = new Box(box.x + (PROCESSOR_WIDTH - STORE_WIDTH) / 2, y, STORE_WIDTH);
      shape("store", below, store);
      line(box.x + PROCESSOR_WIDTH / 2, y - 2 * GAP, box.x + PROCESSOR_WIDTH / 2, y);
      y += HEIGHT + 2 * GAP;
    }
    return y - 2 * GAP;
  }

  private static String topic(Sink sink) {
    return sink.topic() == null ? sink.name() + ".&lt;model&gt;" : escape(sink.topic());
  }

  private static int depth(Node node) {
    return node.predecessors().stream().mapToInt(before -> depth(before) + 1).max().orElse(0);
  }

  private static List<String> names(Set<? extends Node> nodes) {
    return nodes.stream().map(Node::name).sorted().toList();
  }

  private record Box(int x, int y, int width) {}

  private void shape(String kind, Box box, String label) {
    int radius = kind.equals("processor") ? 4 : HEIGHT / 2;
    shapes.append(
        "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>%n"
            .formatted(kind, box.x, box.y, box.width, HEIGHT, radius));
    shapes.append(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n"
            .formatted(box.x + box.width / 2, box.y + HEIGHT / 2 + 4, label));
  }

  private void arrow(Box from, Box to) {
    int startX = from.x + from.width;
    int startY = from.y + HEIGHT / 2;
    int endY = to.y + HEIGHT / 2;
    int bend = (to.x - startX) / 2;
    lines.append(
        "<path marker-end=\"url(#arrow)\" d=\"M%d,%d C%d,%d %d,%d %d,%d\"/>%n"
            .formatted(startX, startY, startX + bend, startY, to.x - bend, endY, to.x - 6, endY));
  }

  private void line(int fromX, int fromY, int toX, int toY) {
    lines.append("<path d=\"M%d,%d L%d,%d\"/>%n".formatted(fromX, fromY, toX, toY));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private String document() {
    return """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">
    <style>
    text { font: 13px system-ui, sans-serif; fill: #1f2933; }
    .title { font-weight: 600; font-size: 15px; }
    path { fill: none; stroke: #7b8794; stroke-width: 1.3; }
    #arrow path { fill: #7b8794; stroke: none; }
    .topic { fill: #e3f0fb; stroke: #4a90c2; }
    .processor { fill: #fdf3d8; stroke: #c79a2b; }
    .store { fill: #e6f4e6; stroke: #5a9e5a; stroke-dasharray: 4 3; }
    </style>
    <defs><marker id="arrow" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="7" markerHeight="7" orient="auto">
    <path d="M0,0 L8,4 L0,8 z"/></marker></defs>
    <rect width="100%%" height="100%%" fill="#ffffff"/>
    %s%s</svg>
    """
        .formatted(width, top, width, top, lines, shapes);
  }
}
