package io.millrace.worker;

import static io.millrace.worker.Settings.METRICS_PORT;
import static io.millrace.worker.Settings.WORKER_DRAIN_TIMEOUT;
import static io.millrace.worker.Settings.WORKER_ROUTES;
import static java.util.Objects.requireNonNull;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineStatus;
import io.millrace.ops.Health;
import io.millrace.ops.Health.Condition;
import io.millrace.ops.Meters;
import io.millrace.ops.OpsServer;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.Commits;
import io.millrace.topology.Gate;
import io.millrace.topology.RouterTopology;
import io.millrace.topology.StreamsApp;
import io.millrace.topology.StreamsSettings;
import io.millrace.topology.WorkerTopology;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process of a fleet, from start to end: the router app, the worker app, or both, with meters
 * and health. It ends when it is closed, or when a part fails in a way that a restart may mend.
 */
public final class Node implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);
  private static final Duration WATCH_INTERVAL = Duration.ofMillis(500);
  private static final Duration LANES_INTERVAL = Duration.ofSeconds(10);
  private static final Duration READY_POLL = Duration.ofMillis(20);

  private final AppSettings settings;
  private final Meters meters = new Meters();
  private final Health health = new Health();
  private final List<StreamsApp> apps = new ArrayList<>();
  private final CompletableFuture<String> failure = new CompletableFuture<>();
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("millrace-watch").factory());
  private Optional<OpsServer> ops = Optional.empty();
  private Optional<WorkerTopology> worker = Optional.empty();
  private boolean closed;

  private Node(AppSettings settings) {
    this.settings = settings;
  }

  /**
   * Starts a router alone. Returns before it has joined its group.
   *
   * @throws IllegalStateException when the topics are not there, or the metrics port is taken
   */
  public static Node startRouter(Settings settings) {
    Node node = new Node(new AppSettings(settings, InstanceId.of(settings, "-router")));
    return node.start(Optional.empty(), node::addRouter);
  }

  /**
   * Starts a worker, and unless {@code worker.routes} is off a router with it. Returns before they
   * have joined their groups.
   *
   * @param model name of the model on topics
   * @param engine stays open when the node is closed
   * @throws IllegalStateException when the topics are not there, the metrics port is taken, or a
   *     live worker serves the model with other weights
   */
  public static Node startWorker(Settings settings, String model, Engine engine) {
    requireNonNull(engine, "engine is null");
    Node node = new Node(new AppSettings(settings, InstanceId.of(settings, "")));
    return node.start(
        Optional.of(model),
        () -> {
          node.checkWeights(model, engine);
          node.addWorker(model, engine);
          if (settings.get(WORKER_ROUTES)) {
            node.addRouter();
          }
        });
  }

  /** Where {@code /metrics} and {@code /health} are; empty when they are off. */
  public Optional<InetSocketAddress> opsAddress() {
    return ops.map(OpsServer::address);
  }

  /**
   * Waits until every part works.
   *
   * @return false when the time is over or a part failed
   */
  public boolean awaitReady(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!apps.stream().allMatch(app -> app.streams().state() == KafkaStreams.State.RUNNING)) {
      if (failure.isDone() || System.nanoTime() > deadline) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(READY_POLL.toNanos());
    }
    return true;
  }

  /** Whether the node cannot go on. */
  boolean hasFailed() {
    return failure.isDone();
  }

  /** Waits for the reason why the node cannot go on; it is still to be closed then. */
  public String awaitFailure() throws InterruptedException {
    try {
      return failure.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("only ever completed with a reason", e);
    }
  }

  /**
   * Stops reading, hands the work over to others or leaves it to the next start, and leaves the
   * groups; takes at most {@code worker.drain-timeout} for each app.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    watch.shutdownNow();
    Duration timeout = settings.settings().get(WORKER_DRAIN_TIMEOUT);
    worker.ifPresent(app -> handOver(app, timeout));
    for (StreamsApp app : apps) {
      if (!app.close(timeout)) {
        LOG.warn("An app did not stop within {} s; others resume its work", timeout.toSeconds());
      }
    }
    ops.ifPresent(OpsServer::close);
    meters.close();
  }

  private Node start(Optional<String> model, Runnable parts) {
    try {
      OptionalInt port = settings.settings().get(METRICS_PORT);
      if (port.isPresent()) {
        ops = Optional.of(OpsServer.start(port.getAsInt(), meters, health));
      }
      try (RequiredTopics topics = new RequiredTopics(settings)) {
        topics.check();
        model.ifPresent(topics::createLanes);
      }
      parts.run();
      return this;
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** Workers of one model continue each other's texts, so they must have the same weights. */
  private void checkWeights(String model, Engine engine) {
    String own = engine.info().fingerprint();
    Optional<WorkerStatus> other =
        new LiveWorkers(settings.clientConfig(), settings.topics())
            .find(status ->
                status.model().equals(model)
                    && !status.worker().equals(settings.instance())
                    && !status.fingerprint().equals(own));
    if (other.isPresent()) {
      throw new IllegalStateException(
          "worker %s serves %s with weights %s, but this process has %s; stop that worker first, or give this model another name"
              .formatted(other.get().worker(), model, other.get().fingerprint(), own));
    }
  }

  /** Lets the worker end its part in order; one that is not running any more has nothing to end. */
  private void handOver(WorkerTopology app, Duration timeout) {
    app.handOver();
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!app.hasHandedOver()
        && apps.getFirst().streams().state().isRunningOrRebalancing()
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(READY_POLL.toNanos());
    }
  }

  private void addWorker(String model, Engine engine) {
    WorkerTopology app = new WorkerTopology(settings.worker(model), engine, meters.registry());
    worker = Optional.of(app);
    meters.bindEngine(model, engine::status);
    engine.listen(meters.engineListener(model));
    health.watch("engine", () -> engineCondition(engine));
    watch("the engine of " + model, () -> engine.status().healthy());
    add("worker", app.topology(), settings.workerStreams(model), app.gates(), app.commits());
    LaneWatch lanes = new LaneWatch(apps.getLast().streams(), settings.topics().work(model));
    long interval = LANES_INTERVAL.toSeconds();
    watch.scheduleWithFixedDelay(lanes, interval, interval, TimeUnit.SECONDS);
  }

  private void addRouter() {
    RouterTopology router =
        new RouterTopology(
            settings.topics(), settings.router(), new SecureRandom(), meters.registry());
    add("router", router.topology(), settings.routerStreams(), router.gates(), new Commits());
  }

  private void add(
      String name,
      Topology topology,
      StreamsSettings streams,
      Map<String, Gate> gates,
      Commits commits) {
    StreamsApp app = StreamsApp.start(topology, streams, gates, commits, failure::complete);
    apps.add(app);
    meters.bind(app.streams());
    health.watch(name, () -> streamsCondition(app.streams()));
    watch("the " + name + " app", () -> !app.streams().state().hasCompletedShutdown());
  }

  /** Ends the node when a part stops working. */
  private void watch(String part, BooleanSupplier works) {
    watch.scheduleWithFixedDelay(
        () -> {
          if (!works.getAsBoolean()) {
            failure.complete(part + " has stopped working");
          }
        },
        WATCH_INTERVAL.toMillis(),
        WATCH_INTERVAL.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private static Condition engineCondition(Engine engine) {
    EngineStatus status = engine.status();
    return new Condition(
        status.healthy(), "%d running, %d waiting".formatted(status.running(), status.waiting()));
  }

  private static Condition streamsCondition(KafkaStreams streams) {
    KafkaStreams.State state = streams.state();
    return new Condition(state.isRunningOrRebalancing(), state.name().toLowerCase(Locale.ROOT));
  }
}
