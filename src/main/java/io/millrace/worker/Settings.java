package io.millrace.worker;

import static java.util.Objects.requireNonNull;

import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/**
 * What an operator can set, from a properties file and the command line. Immutable. {@code
 * config/worker.properties} says what each key means.
 */
public final class Settings {
  public static final Setting<Optional<String>> BOOTSTRAP_SERVERS =
      Setting.text("kafka.bootstrap.servers", "localhost:9092");
  public static final Setting<Optional<String>> TOPICS_PREFIX = Setting.text("topics.prefix", "");
  public static final Setting<Long> PROMPT_MAX_BYTES =
      Setting.bytes("prompt.max-bytes", "1MiB", 256L << 20);
  public static final Setting<Duration> SESSION_TIMEOUT = Setting.duration("session.timeout", "6s");
  public static final Setting<OptionalInt> METRICS_PORT = Setting.portOrOff("metrics.port", 9404);

  public static final Setting<Optional<String>> WORKER_ID = Setting.text("worker.id", "");
  public static final Setting<Integer> WORKER_SLOTS = Setting.count("worker.slots", 8, 1);
  public static final Setting<OptionalLong> WORKER_MEMORY = Setting.bytesOrAuto("worker.memory");
  public static final Setting<KvType> WORKER_KV_TYPE =
      Setting.choice("worker.kv-type", KvType.AUTO);
  public static final Setting<BackendChoice> WORKER_BACKEND =
      Setting.choice("worker.backend", BackendChoice.AUTO);
  public static final Setting<OptionalInt> WORKER_THREADS = Setting.countOrAuto("worker.threads");
  public static final Setting<Duration> WORKER_HEARTBEAT_INTERVAL =
      Setting.duration("worker.heartbeat-interval", "1s");
  public static final Setting<Integer> WORKER_MAX_ATTEMPTS =
      Setting.count("worker.max-attempts", 3, 1);
  public static final Setting<Duration> WORKER_DRAIN_TIMEOUT =
      Setting.duration("worker.drain-timeout", "10s");
  public static final Setting<Boolean> WORKER_ROUTES = Setting.flag("worker.routes", true);

  public static final Setting<Optional<String>> ROUTER_DEFAULT_MODEL =
      Setting.text("router.default-model", "");
  public static final Setting<Integer> ROUTER_WAITING_PROMPTS =
      Setting.count("router.waiting-prompts", 256, 1);
  public static final Setting<Integer> ROUTER_URGENT_PROMPTS =
      Setting.count("router.urgent-prompts", 64, 1);
  public static final Setting<Integer> ROUTER_MODEL_QUOTA =
      Setting.count("router.model-quota", 256, 1);
  public static final Setting<Set<String>> ROUTER_MODEL_INPUTS =
      Setting.names("router.model-inputs");
  public static final Setting<Long> ROUTER_WAITING_BYTES =
      Setting.bytes("router.waiting-bytes", "32MiB", 64L << 30);
  public static final Setting<Integer> ROUTER_PREFETCH = Setting.count("router.prefetch", 2, 0);
  public static final Setting<Duration> ROUTER_UNKNOWN_MODEL_TIMEOUT =
      Setting.duration("router.unknown-model-timeout", "30s");
  public static final Setting<Duration> ROUTER_NO_WORKER_TIMEOUT =
      Setting.duration("router.no-worker-timeout", "1h");
  public static final Setting<Duration> ROUTER_DEDUP_WINDOW =
      Setting.duration("router.dedup-window", "1h");
  public static final Setting<Integer> ROUTER_DEDUP_PROMPTS =
      Setting.count("router.dedup-prompts", 200_000, 0);
  public static final Setting<Duration> ROUTER_HEARTBEAT_EXPIRY =
      Setting.duration("router.heartbeat-expiry", "15s");

  static final List<Setting<?>> ALL =
      List.of(
          BOOTSTRAP_SERVERS,
          TOPICS_PREFIX,
          PROMPT_MAX_BYTES,
          SESSION_TIMEOUT,
          METRICS_PORT,
          WORKER_ID,
          WORKER_SLOTS,
          WORKER_MEMORY,
          WORKER_KV_TYPE,
          WORKER_BACKEND,
          WORKER_THREADS,
          WORKER_HEARTBEAT_INTERVAL,
          WORKER_MAX_ATTEMPTS,
          WORKER_DRAIN_TIMEOUT,
          WORKER_ROUTES,
          ROUTER_DEFAULT_MODEL,
          ROUTER_WAITING_PROMPTS,
          ROUTER_URGENT_PROMPTS,
          ROUTER_MODEL_QUOTA,
          ROUTER_MODEL_INPUTS,
          ROUTER_WAITING_BYTES,
          ROUTER_PREFETCH,
          ROUTER_UNKNOWN_MODEL_TIMEOUT,
          ROUTER_NO_WORKER_TIMEOUT,
          ROUTER_DEDUP_WINDOW,
          ROUTER_DEDUP_PROMPTS,
          ROUTER_HEARTBEAT_EXPIRY);

  /** Keys that go to Kafka's clients, without this prefix. */
  private static final String KAFKA = "kafka.";

  private final Map<String, String> values;

  private Settings(Map<String, String> values) {
    this.values = Map.copyOf(values);
  }

  /** What holds without a file. */
  public static Settings defaults() {
    return new Settings(Map.of());
  }

  /**
   * Reads a file; keys that it does not set keep their defaults.
   *
   * @throws IllegalArgumentException for a key that does not exist or a value that does not fit
   * @throws UncheckedIOException when the file cannot be read
   */
  public static Settings load(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (NoSuchFileException e) {
      throw new UncheckedIOException("%s does not exist".formatted(file), e);
    } catch (MalformedInputException e) {
      throw new UncheckedIOException("%s is not UTF-8".formatted(file), e);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("%s: %s".formatted(file, e.getMessage()), e);
    }
    Map<String, String> values = new TreeMap<>();
    for (String name : properties.stringPropertyNames()) {
      values.put(name, properties.getProperty(name));
    }
    try {
      values.forEach(Settings::check);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("%s: %s".formatted(file, e.getMessage()), e);
    }
    return new Settings(values);
  }

  /** The value of a setting. */
  public <T> T get(Setting<T> setting) {
    return setting.parse(values.getOrDefault(setting.name(), setting.defaultText()));
  }

  /**
   * These settings, but for one.
   *
   * @throws IllegalArgumentException when the value does not fit
   */
  public Settings with(Setting<?> setting, String value) {
    requireNonNull(value, "value is null");
    setting.parse(value);
    Map<String, String> changed = new HashMap<>(values);
    changed.put(setting.name(), value);
    return new Settings(changed);
  }

  /** Settings for every Kafka client but its brokers, under Kafka's own names. */
  public Map<String, String> kafka() {
    Map<String, String> kafka = new HashMap<>();
    values.forEach((name, value) -> {
      if (name.startsWith(KAFKA) && !name.equals(BOOTSTRAP_SERVERS.name())) {
        kafka.put(name.substring(KAFKA.length()), value);
      }
    });
    return Map.copyOf(kafka);
  }

  private static void check(String name, String value) {
    Optional<Setting<?>> setting =
        ALL.stream().filter(known -> known.name().equals(name)).findFirst();
    if (setting.isPresent()) {
      setting.get().parse(value);
    } else if (!name.startsWith(KAFKA) || name.length() == KAFKA.length()) {
      throw unknown(name);
    }
  }

  private static IllegalArgumentException unknown(String name) {
    String nearest =
        ALL.stream()
            .map(Setting::name)
            .min(Comparator.comparingInt(known -> distance(name, known)))
            .orElseThrow();
    return new IllegalArgumentException(
        "there is no setting %s; did you mean %s? Settings of Kafka's clients begin with kafka."
            .formatted(name, nearest));
  }

  /** Levenshtein's edit distance. */
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int substituted = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
