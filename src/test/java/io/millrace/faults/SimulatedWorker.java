package io.millrace.faults;

import io.millrace.DelegatingEngine;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The process of a worker, with a router and the simulated engine; a prompt that says {@link
 * #POISON} ends it, as one that upsets a driver would.
 */
public final class SimulatedWorker {
  static final String MODEL = "tiny";
  static final String POISON = "poison";
  static final String READY = "ready";
  static final int CONTEXT_LENGTH = 4_096;

  /** As if it had been killed. */
  private static final int EXIT = 137;

  private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration POISON_TAKES = Duration.ofMillis(20);

  private SimulatedWorker() {}

  /** Arguments: brokers, {@code worker.id}, slots, tokens/s. */
  public static void main(String[] args) throws InterruptedException {
    Settings settings =
        Settings.defaults()
            .with(Settings.BOOTSTRAP_SERVERS, args[0])
            .with(Settings.WORKER_ID, args[1])
            .with(Settings.SESSION_TIMEOUT, "3s")
            .with(Settings.ROUTER_HEARTBEAT_EXPIRY, "5s")
            .with(Settings.METRICS_PORT, "off");
    Engine engine =
        new MortalEngine(
            SimulatedEngine.start(
                Integer.parseInt(args[2]), Double.parseDouble(args[3]), CONTEXT_LENGTH));
    Node node = Node.startWorker(settings, MODEL, engine);
    Runtime.getRuntime().addShutdownHook(new Thread(node::close, "shutdown"));
    if (node.awaitReady(READY_TIMEOUT)) {
      System.out.println(READY);
    }
    System.err.println(node.awaitFailure());
    System.exit(1);
  }

  /** Of a prompt that is never generated. */
  private static final class Poisoned implements Engine.Generation {
    @Override
    public void cancel() {}

    @Override
    public void abandon() {}
  }

  private static final class MortalEngine extends DelegatingEngine {
    MortalEngine(Engine engine) {
      super(engine);
    }

    @Override
    public Generation submit(
        GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      if (request.prompt().contains(POISON)) {
        Thread.ofPlatform()
            .start(() -> {
              LockSupport.parkNanos(POISON_TAKES.toNanos());
              Runtime.getRuntime().halt(EXIT);
            });
        // It gets no token: with one, its attempt would not count.
        return new Poisoned();
      }
      return engine.submit(request, listener);
    }
  }
}
