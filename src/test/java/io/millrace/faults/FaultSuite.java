package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.KafkaClients;
import io.millrace.faults.UndisturbedRun.Request;
import io.millrace.record.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A broker and three workers, each a process of its own, under continuous load, and everything that
 * can happen to them. A supervisor starts a worker that has ended again, as launchd would. How long
 * a fault lasts is measured as readers see it: until each prompt of which some text was published
 * has gone on.
 */
final class FaultSuite implements AutoCloseable {
  private static final int SLOTS = 8;
  private static final double TOKENS_PER_SECOND = 120;

  /** So many that two workers can go on with all of them at once; some have two choices. */
  private static final int PROMPTS_UNDERWAY = 12;

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int CALM_COMPLETIONS = 8;

  /** 128 and the number of the signal. */
  private static final int ENDED_BY_SIGTERM = 143;

  private final Path directory;
  private final BrokerProcess broker;
  private final TopicAudit audit;
  private final KafkaProducer<String, byte[]> producer;
  private final List<Worker> workers = new ArrayList<>();
  private final Map<String, Request> prompts = new LinkedHashMap<>();
  private final Set<String> open = new HashSet<>();
  private final Queue<String> unsent = new ConcurrentLinkedQueue<>();
  private final List<String> poisons = new ArrayList<>();

  private FaultSuite(Path directory, BrokerProcess broker) {
    this.directory = directory;
    this.broker = broker;
    KafkaClients.createTopics(broker.bootstrapServers(), new Topics(""));
    audit = new TopicAudit(broker.bootstrapServers(), "");
    producer = KafkaClients.producer(broker.bootstrapServers());
  }

  /** Starts everything, and waits until prompts are being completed. */
  static FaultSuite start(Path directory) throws Exception {
    BrokerProcess broker = BrokerProcess.start(directory.resolve("broker"));
    FaultSuite suite = new FaultSuite(directory, broker);
    for (String id : List.of("mini-1", "mini-2")) {
      suite.workers.add(suite.new Worker(id, broker.bootstrapServers()));
    }
    suite.workers.add(suite.new Worker("mini-3", broker.proxiedBootstrapServers()));
    suite.workers.forEach(Worker::start);
    suite.until("all workers are ready", suite::allReady);
    suite.calm();
    return suite;
  }

  /** What can happen; each returns its recovery time in milliseconds. */
  enum Fault {
    KILL("kill -9, started again"),
    KILL_AND_TAKE_OVER("kill -9, others take over"),
    SHUTDOWN("planned shutdown (SIGTERM)"),
    PAUSE("SIGSTOP, later SIGCONT"),
    CUT_OFF("cut off from the broker"),
    BROKER_STOP("broker restarted (SIGTERM)"),
    BROKER_KILL("broker restarted (kill -9)"),
    POISON("prompt that kills its worker");

    private final String title;

    Fault(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }

  /** Lets it happen, waits until all is as before, and returns how long that took readers. */
  long inject(Fault fault, int round) throws Exception {
    Worker worker = workers.get(round % 2);
    return switch (fault) {
      case KILL -> {
        Recovery recovery = new Recovery();
        worker.kill();
        worker.start();
        yield recovery.await();
      }
      case KILL_AND_TAKE_OVER -> {
        Recovery recovery = new Recovery();
        worker.kill();
        yield restartAfter(recovery.await(), worker);
      }
      case SHUTDOWN -> {
        Recovery recovery = new Recovery();
        worker.terminate();
        yield restartAfter(recovery.await(), worker);
      }
      case PAUSE -> {
        Recovery recovery = new Recovery();
        worker.process.pause();
        long millis = recovery.await();
        worker.process.resume();
        yield millis;
      }
      case CUT_OFF -> {
        Recovery recovery = new Recovery();
        broker.proxy().cut();
        long millis = recovery.await();
        broker.proxy().heal();
        yield millis;
      }
      case BROKER_STOP -> {
        Recovery recovery = new Recovery();
        broker.stopAndRestart();
        yield recovery.await();
      }
      case BROKER_KILL -> {
        Recovery recovery = new Recovery();
        broker.killAndRestart();
        yield recovery.await();
      }
      case POISON -> poison();
    };
  }

  private long restartAfter(long millis, Worker worker) {
    worker.start();
    return millis;
  }

  /** Recovery is the end of the poison prompt itself; meanwhile the others get on. */
  private long poison() {
    int deaths = workers.stream().mapToInt(worker -> worker.deaths).sum();
    String id = "poison-" + poisons.size();
    poisons.add(id);
    long at = System.currentTimeMillis();
    send(id, new Request("A glass of " + SimulatedWorker.POISON, 10, 1));
    until(id + " is given up", () -> audit.hasEnded(id));
    int killed = workers.stream().mapToInt(worker -> worker.deaths).sum() - deaths;
    if (killed > 3) {
      throw new AssertionError(
          "%s has killed %d processes, expected at most 3".formatted(id, killed));
    }
    return System.currentTimeMillis() - at;
  }

  /** Waits until all workers run, and some more prompts have been completed. */
  void calm() {
    long ended = audit.ended();
    until(
        "all workers are ready and complete prompts",
        () -> allReady() && audit.ended() >= ended + CALM_COMPLETIONS);
  }

  /** Sends no more prompts, and waits until all have ended; returns what is wrong. */
  List<String> finish() {
    Set<String> all = Set.copyOf(prompts.keySet());
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!audit.haveEnded(all) && System.nanoTime() < deadline) {
      audit.poll();
      supervise();
    }
    List<String> wrong = new ArrayList<>(unsent);
    wrong.addAll(audit.faults(all));
    for (String id : all) {
      boolean failed = audit.hasEnded(id) && audit.error(id).isPresent();
      if (failed != poisons.contains(id)) {
        wrong.add("%s: ended with %s".formatted(id, failed ? audit.error(id) : "a text"));
      }
    }
    Map<String, List<String>> texts = audit.texts();
    Map<String, Request> healthy = new HashMap<>(prompts);
    poisons.forEach(healthy::remove);
    UndisturbedRun.texts(healthy)
        .forEach((id, text) -> {
          if (!text.equals(texts.get(id))) {
            wrong.add("%s: undisturbed %s, here %s".formatted(id, text, texts.get(id)));
          }
        });
    return wrong;
  }

  /** Prompts sent so far. */
  int sent() {
    return prompts.size();
  }

  @Override
  public void close() {
    workers.forEach(Worker::kill);
    producer.close(Duration.ZERO);
    audit.close();
    broker.close();
  }

  /** Goes on with load, audit and supervision until the condition holds. */
  private void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "waited for %s: %s did not happen; see %s".formatted(PATIENCE, what, directory));
      }
      audit.poll();
      feed();
      supervise();
    }
  }

  private void feed() {
    open.removeIf(audit::hasEnded);
    while (open.size() < PROMPTS_UNDERWAY) {
      int n = prompts.size();
      send("p" + n, new Request("Tell me about mill " + n, 20 + n % 41, n % 5 == 4 ? 2 : 1));
    }
  }

  private void send(String id, Request request) {
    String json =
        "{\"id\":\"%s\",\"model\":\"%s\",\"prompt\":\"%s\",\"max_tokens\":%d,\"n\":%d,\"temperature\":0,\"seed\":1,\"stream\":%b}"
            .formatted(
                id,
                SimulatedWorker.MODEL,
                request.prompt(),
                request.maxTokens(),
                request.n(),
                prompts.size() % 7 != 6);
    producer.send(
        new ProducerRecord<>("prompts", id, json.getBytes(UTF_8)),
        (sent, problem) -> {
          if (problem != null) {
            unsent.add("%s: not sent: %s".formatted(id, problem));
          }
        });
    prompts.put(id, request);
    open.add(id);
  }

  private void supervise() {
    workers.stream().filter(Worker::hasDied).forEach(Worker::restart);
  }

  private boolean allReady() {
    return workers.stream().allMatch(Worker::isReady);
  }

  /** Until each prompt that was underway when this was made has gone on. */
  private final class Recovery {
    private final Set<String> halted;
    private final long since;

    Recovery() {
      until("prompts are underway", () -> audit.underway().size() >= PROMPTS_UNDERWAY / 2);
      halted = new HashSet<>(audit.underway());
      since = System.currentTimeMillis();
    }

    long await() {
      until(
          "every prompt goes on",
          () -> {
            halted.removeIf(id -> audit.lastSeen(id) > since || audit.hasEnded(id));
            return halted.isEmpty();
          });
      return System.currentTimeMillis() - since;
    }
  }

  /** A worker that a supervisor keeps running, unless it was ended on purpose. */
  private final class Worker {
    private final String id;
    private final String bootstrapServers;
    private JavaProcess process;
    private boolean wanted;
    private int starts;
    private int deaths;

    Worker(String id, String bootstrapServers) {
      this.id = id;
      this.bootstrapServers = bootstrapServers;
    }

    void start() {
      wanted = true;
      starts++;
      try {
        process =
            JavaProcess.start(
                out(),
                directory.resolve(id + ".log"),
                List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + directory),
                List.of(
                    SimulatedWorker.class.getName(),
                    bootstrapServers,
                    id,
                    Integer.toString(SLOTS),
                    Double.toString(TOKENS_PER_SECOND)));
      } catch (IOException e) {
        throw new UncheckedIOException("cannot start " + id, e);
      }
    }

    void kill() {
      wanted = false;
      process.kill();
    }

    void terminate() throws InterruptedException {
      wanted = false;
      if (process.terminate() != ENDED_BY_SIGTERM) {
        throw new AssertionError(id + " did not end in order");
      }
    }

    boolean hasDied() {
      return wanted && !process.isAlive();
    }

    void restart() {
      deaths++;
      start();
    }

    boolean isReady() {
      try {
        return Files.exists(out()) && Files.readString(out()).contains(SimulatedWorker.READY);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + out(), e);
      }
    }

    private Path out() {
      return directory.resolve("%s-%d.out".formatted(id, starts));
    }
  }
}
