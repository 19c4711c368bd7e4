package io.millrace.engine.simulated;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * An engine without a model, to size a fleet and to test one: it generates words at a given rate.
 *
 * <p>A step gives one token to every running request and takes the same time however many there
 * are, as in a model whose speed is that of the memory: with all slots taken, the steps yield the
 * given rate. A prompt costs one step. The text depends on the prompt and the seed only; stop texts
 * are not looked for.
 */
public final class SimulatedEngine implements Engine {
  /** How late steps may be and still be made up for; the rest of a longer stall is lost. */
  private static final long MAKE_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final EngineInfo info;
  private final double tokensPerSecond;
  private final long stepNanos;
  private final Thread thread;

  // Guarded by this, as the sequences are.
  private final List<SimulatedSequence> running = new ArrayList<>();
  private final Queue<SimulatedSequence> waiting =
      new PriorityQueue<>(
          Comparator.comparingInt(SimulatedSequence::priority)
              .thenComparingLong(SimulatedSequence::arrival));
  private long arrivals;
  private boolean hasStepped;
  private boolean closed;

  private SimulatedEngine(int slots, double tokensPerSecond, int contextLength) {
    info = new EngineInfo("simulated", "simulated", slots, contextLength);
    this.tokensPerSecond = tokensPerSecond;
    stepNanos = Math.round(TimeUnit.SECONDS.toNanos(1) * (slots / tokensPerSecond));
    thread = Thread.ofPlatform().name("simulated-engine").daemon().unstarted(this::run);
  }

  /**
   * Starts an engine.
   *
   * @param slots requests that it generates for at the same time
   * @param tokensPerSecond of all requests together when all slots are taken
   * @param contextLength most tokens of prompt and completion together; a word is a token
   */
  public static SimulatedEngine start(int slots, double tokensPerSecond, int contextLength) {
    if (slots < 1 || !(tokensPerSecond > 0) || contextLength < 2) {
      throw new IllegalArgumentException(
          "slots %d, tokens/s %s, context length %d; expected at least 1, more than 0, at least 2"
              .formatted(slots, tokensPerSecond, contextLength));
    }
    SimulatedEngine engine = new SimulatedEngine(slots, tokensPerSecond, contextLength);
    engine.thread.start();
    return engine;
  }

  @Override
  public synchronized Generation submit(
      GenerationRequest request, Consumer<? super GenerationEvent> listener) {
    requireNonNull(listener, "listener is null");
    SimulatedSequence sequence =
        new SimulatedSequence(request, listener, info.contextLength(), arrivals++);
    waiting.add(sequence);
    notifyAll();
    return new Generation() {
      @Override
      public void cancel() {
        synchronized (SimulatedEngine.this) {
          sequence.cancel();
        }
      }

      @Override
      public void abandon() {
        synchronized (SimulatedEngine.this) {
          waiting.remove(sequence);
          running.remove(sequence);
        }
      }
    };
  }

  @Override
  public EngineInfo info() {
    return info;
  }

  @Override
  public synchronized EngineStatus status() {
    long queuedTokens =
        Stream.concat(running.stream(), waiting.stream())
            .mapToLong(SimulatedSequence::tokensToCompute)
            .sum();
    return new EngineStatus(
        running.size(),
        waiting.size(),
        queuedTokens,
        hasStepped ? tokensPerSecond : 0,
        0,
        0,
        !closed);
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }

  private void run() {
    long due = System.nanoTime();
    while (!isClosed()) {
      if (awaitWork()) {
        due = System.nanoTime();
      }
      due = Math.max(due, System.nanoTime() - MAKE_UP_NANOS) + stepNanos;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      step();
    }
  }

  /** Returns whether there was nothing to do for a while. */
  private synchronized boolean awaitWork() {
    boolean waited = false;
    while (!closed && running.isEmpty() && waiting.isEmpty()) {
      waited = true;
      try {
        wait();
      } catch (InterruptedException e) {
        closed = true;
      }
    }
    return waited;
  }

  private synchronized void step() {
    if (closed) {
      return;
    }
    hasStepped = true;
    waiting.removeIf(SimulatedSequence::endsEarly);
    while (running.size() < info.slots() && !waiting.isEmpty()) {
      running.add(waiting.remove());
    }
    running.removeIf(sequence -> sequence.endsEarly() || sequence.step());
  }

  private synchronized boolean isClosed() {
    return closed;
  }
}
