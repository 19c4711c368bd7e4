package io.millrace.worker;

import static io.millrace.worker.Settings.BOOTSTRAP_SERVERS;
import static io.millrace.worker.Settings.PROMPT_MAX_BYTES;
import static io.millrace.worker.Settings.ROUTER_DEDUP_PROMPTS;
import static io.millrace.worker.Settings.ROUTER_DEDUP_WINDOW;
import static io.millrace.worker.Settings.ROUTER_DEFAULT_MODEL;
import static io.millrace.worker.Settings.ROUTER_HEARTBEAT_EXPIRY;
import static io.millrace.worker.Settings.ROUTER_MODEL_INPUTS;
import static io.millrace.worker.Settings.ROUTER_MODEL_QUOTA;
import static io.millrace.worker.Settings.ROUTER_NO_WORKER_TIMEOUT;
import static io.millrace.worker.Settings.ROUTER_PREFETCH;
import static io.millrace.worker.Settings.ROUTER_UNKNOWN_MODEL_TIMEOUT;
import static io.millrace.worker.Settings.ROUTER_URGENT_PROMPTS;
import static io.millrace.worker.Settings.ROUTER_WAITING_BYTES;
import static io.millrace.worker.Settings.ROUTER_WAITING_PROMPTS;
import static io.millrace.worker.Settings.SESSION_TIMEOUT;
import static io.millrace.worker.Settings.TOPICS_PREFIX;
import static io.millrace.worker.Settings.WORKER_HEARTBEAT_INTERVAL;
import static io.millrace.worker.Settings.WORKER_MAX_ATTEMPTS;

import io.millrace.record.Topics;
import io.millrace.topology.RouterSettings;
import io.millrace.topology.StreamsSettings;
import io.millrace.topology.WorkerSettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** What the settings of a process mean for the apps in it. */
record AppSettings(Settings settings, String instance) {
  /** What a completion or a chunk may hold, whatever the size of prompts. */
  private static final int MIN_VALUE_BYTES = 1 << 20;

  /** Room for what travels with a value: headers, and fields that are filled in. */
  private static final int RECORD_OVERHEAD = 64 * 1024;

  Topics topics() {
    return new Topics(settings.get(TOPICS_PREFIX).orElse(""));
  }

  /** Of every Kafka client. */
  Map<String, String> clientConfig() {
    Map<String, String> config = new HashMap<>(settings.kafka());
    config.put("bootstrap.servers", bootstrapServers());
    return config;
  }

  RouterSettings router() {
    return new RouterSettings(
        promptMaxBytes(),
        settings.get(ROUTER_WAITING_PROMPTS),
        settings.get(ROUTER_URGENT_PROMPTS),
        settings.get(ROUTER_MODEL_QUOTA),
        settings.get(ROUTER_MODEL_INPUTS),
        settings.get(ROUTER_WAITING_BYTES),
        settings.get(ROUTER_PREFETCH),
        settings.get(ROUTER_DEFAULT_MODEL),
        settings.get(ROUTER_UNKNOWN_MODEL_TIMEOUT),
        settings.get(ROUTER_NO_WORKER_TIMEOUT),
        settings.get(ROUTER_DEDUP_WINDOW),
        settings.get(ROUTER_DEDUP_PROMPTS),
        settings.get(ROUTER_HEARTBEAT_EXPIRY));
  }

  WorkerSettings worker(String model) {
    return new WorkerSettings(
        instance,
        model,
        topics(),
        settings.get(WORKER_HEARTBEAT_INTERVAL),
        settings.get(WORKER_MAX_ATTEMPTS),
        maxRecordBytes(),
        maxValueBytes());
  }

  StreamsSettings routerStreams() {
    return streams("router");
  }

  StreamsSettings workerStreams(String model) {
    return streams("worker-" + model);
  }

  private StreamsSettings streams(String app) {
    return new StreamsSettings(
        topics().prefix() + "millrace-" + app,
        bootstrapServers(),
        instance,
        Path.of(System.getProperty("java.io.tmpdir"), "millrace", instance),
        settings.get(SESSION_TIMEOUT),
        maxRecordBytes(),
        settings.kafka());
  }

  private String bootstrapServers() {
    return settings
        .get(BOOTSTRAP_SERVERS)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s is empty, expected host:port".formatted(BOOTSTRAP_SERVERS.name())));
  }

  private int promptMaxBytes() {
    return Math.toIntExact(settings.get(PROMPT_MAX_BYTES));
  }

  private int maxValueBytes() {
    return Math.max(MIN_VALUE_BYTES, promptMaxBytes());
  }

  /** What every topic with prompts or texts must take. */
  int maxRecordBytes() {
    return maxValueBytes() + RECORD_OVERHEAD;
  }
}
