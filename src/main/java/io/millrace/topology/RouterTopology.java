package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.record.PromptParser;
import io.millrace.record.Topics;
import io.millrace.topology.RouterOutput.Routed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.processor.TopicNameExtractor;
import org.apache.kafka.streams.state.Stores;

/**
 * The router app: {@code prompts} and {@code prompts.urgent}, {@code control} and {@code workers}
 * in, {@code work.<model>} out, and {@code completions}, {@code chunks} and {@code dead-letters}
 * for what no worker shall see.
 */
public final class RouterTopology {
  static final String ROUTER = "router";
  static final String WORK = "work";
  static final String CHUNKS = "chunks";
  static final String COMPLETIONS = "completions";
  static final String DEAD_LETTERS = "dead-letters";

  private final Shared shared;

  /**
   * @param random draws the seeds of prompts that bring none
   * @param registry gets {@code millrace.prompts.*}
   */
  public RouterTopology(
      Topics topics, RouterSettings settings, RandomGenerator random, MeterRegistry registry) {
    Occupancy occupancy = new Occupancy();
    shared =
        new Shared(
            requireNonNull(topics, "topics is null"),
            settings,
            new PromptParser(settings.promptMaxBytes()),
            gates(topics, settings, occupancy),
            occupancy,
            new Fleet(settings.heartbeatExpiry()),
            requireNonNull(random, "random is null"),
            new RouterMeters(registry, occupancy));
  }

  /** What the tasks of a router have in common. */
  record Shared(
      Topics topics,
      RouterSettings settings,
      PromptParser parser,
      Map<String, Gate> gates,
      Occupancy occupancy,
      Fleet fleet,
      RandomGenerator random,
      RouterMeters meters) {
    Gate gate(String topic) {
      return gates.get(topic);
    }
  }

  /** Of the inputs: each is read while its share of the waiting store has room. */
  public Map<String, Gate> gates() {
    return shared.gates();
  }

  public Topology topology() {
    Topics topics = shared.topics();
    Serializer<RouterOutput> value = (topic, output) -> output.value();
    StringSerializer key = new StringSerializer();
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    Topology topology = new Topology();
    ControlReader.addTo(topology, topics.control());
    List<String> sources = new ArrayList<>(List.of("prompts", "prompts.urgent"));
    for (String model : new TreeSet<>(shared.settings().modelInputs())) {
      String source = "prompts of " + model;
      topology.addSource(source, bytes, bytes, topics.prompts(model));
      sources.add(source);
    }
    return topology
        .addGlobalStore(
            Stores.keyValueStoreBuilder(
                    Stores.inMemoryKeyValueStore(HeartbeatReader.STORE),
                    Serdes.String(),
                    Serdes.ByteArray())
                .withLoggingDisabled(),
            "workers",
            new StringDeserializer(),
            bytes,
            topics.workers(),
            "heartbeats",
            () -> new HeartbeatReader(topics, shared.fleet()))
        .addSource("prompts", bytes, bytes, topics.prompts())
        .addSource("prompts.urgent", bytes, bytes, topics.urgentPrompts())
        .addProcessor(ROUTER, () -> new RouterProcessor(shared), sources.toArray(String[]::new))
        .addStateStore(WaitingPrompts.storeBuilder(shared.settings().promptMaxBytes()), ROUTER)
        .addStateStore(RecentPrompts.storeBuilder(), ROUTER)
        .addSink(WORK, workTopic(topics), key, value, lane(), ROUTER)
        .addSink(CHUNKS, topics.chunks(), key, value, ROUTER)
        .addSink(COMPLETIONS, topics.completions(), key, value, ROUTER)
        .addSink(DEAD_LETTERS, topics.deadLetters(), key, value, ROUTER);
  }

  private static Map<String, Gate> gates(
      Topics topics, RouterSettings settings, Occupancy occupancy) {
    Map<String, Gate> gates = new HashMap<>();
    Set<String> apart = settings.modelInputs();
    gates.put(
        topics.urgentPrompts(),
        gate(settings.urgentPrompts(), occupancy::urgentPrompts, settings, occupancy));
    // The next prompt may be of any model, so one that has its quota holds all of them up.
    gates.put(
        topics.prompts(),
        gate(
            settings.waitingPrompts(),
            () ->
                occupancy.mostWithout(apart) < settings.modelQuota()
                    ? occupancy.promptsWithout(apart)
                    : settings.waitingPrompts(),
            settings,
            occupancy));
    for (String model : apart) {
      gates.put(
          topics.prompts(model),
          gate(settings.modelQuota(), () -> occupancy.prompts(model), settings, occupancy));
    }
    return Map.copyOf(gates);
  }

  private static Gate gate(
      int capacity, IntSupplier held, RouterSettings settings, Occupancy occupancy) {
    return new Gate(
        capacity, () -> occupancy.bytes() < settings.waitingBytes() ? held.getAsInt() : capacity);
  }

  private static TopicNameExtractor<String, RouterOutput> workTopic(Topics topics) {
    return (id, output, context) -> topics.work(((Routed) output).model());
  }

  /**
   * A partitioner cannot read the store of heartbeats, so the router has chosen before. A lane that
   * the topic does not have would stop the app; any other lane serves the model too.
   */
  private static StreamPartitioner<String, RouterOutput> lane() {
    return (topic, id, output, lanes) ->
        Optional.of(((Routed) output).lane()).filter(lane -> lane < lanes).map(Set::of);
  }
}
