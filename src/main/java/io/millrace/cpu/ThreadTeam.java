package io.millrace.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that share out the tasks of one operation after another: fork and join cost a fraction of
 * a microsecond while operations follow each other closely. A worker that finds nothing to do spins
 * briefly, then parks.
 *
 * <p>Tasks are taken one by one, so a worker that the operating system has put aside holds up only
 * the task it is at. {@link #run} is for one thread at a time; that thread is worker 0.
 */
final class ThreadTeam implements AutoCloseable {
  /** How long an idle worker keeps a core busy for the sake of a quick start. */
  private static final long SPIN_NANOS = 50_000;

  /** A share of an operation. */
  @FunctionalInterface
  interface Task {
    /**
     * @param index which share, from 0
     * @param worker who runs it, below {@link ThreadTeam#size}: for working memory of its own
     */
    void run(int index, int worker);
  }

  private final Worker[] workers;
  private final Round none = new Round(0, (index, worker) -> {}, Thread.currentThread());
  private volatile Round round = none;
  private volatile boolean closed;

  /**
   * @param threads that work, the caller of {@link #run} included
   * @throws IllegalArgumentException when there is none
   */
  ThreadTeam(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("%d threads, expected at least 1".formatted(threads));
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].start();
    }
  }

  /** Threads that work, the caller included. */
  int size() {
    return workers.length + 1;
  }

  /**
   * Runs {@code tasks} tasks and returns when all have ended.
   *
   * @throws RuntimeException what a task threw; tasks not begun by then are left out
   */
  void run(int tasks, Task task) {
    if (closed) {
      throw new IllegalStateException("the threads of this backend are closed");
    }
    if (tasks <= 1 || workers.length == 0) {
      for (int index = 0; index < tasks; index++) {
        task.run(index, 0);
      }
      return;
    }
    Round next = new Round(tasks, task, Thread.currentThread());
    round = next;
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
    next.work(0);
    next.join();
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  /** One operation: who comes takes the next task until none is left. */
  private static final class Round {
    private final int tasks;
    private final Task task;
    private final Thread caller;
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean callerParked;

    Round(int tasks, Task task, Thread caller) {
      this.tasks = tasks;
      this.task = task;
      this.caller = caller;
    }

    void work(int worker) {
      for (int index = taken.getAndIncrement(); index < tasks; index = taken.getAndIncrement()) {
        if (failure.getPlain() == null) {
          try {
            task.run(index, worker);
          } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
          }
        }
        if (ended.incrementAndGet() == tasks && callerParked) {
          LockSupport.unpark(caller);
        }
      }
    }

    void join() {
      long start = System.nanoTime();
      while (ended.get() < tasks) {
        if (System.nanoTime() - start < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          callerParked = true;
          if (ended.get() < tasks) {
            LockSupport.park(this);
          }
        }
      }
      switch (failure.get()) {
        case null -> {}
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case Throwable other -> throw new IllegalStateException(other);
      }
    }
  }

  private final class Worker extends Thread {
    private final int number;
    private volatile boolean parked;

    Worker(int number) {
      super("millrace-cpu-" + number);
      this.number = number;
      setDaemon(true);
    }

    @Override
    public void run() {
      Round last = none;
      while (!closed) {
        Round current = await(last);
        current.work(number);
        last = current;
      }
    }

    /** The round after {@code last}, or {@code last} when the team closes. */
    private Round await(Round last) {
      long start = System.nanoTime();
      while (round == last && !closed) {
        if (System.nanoTime() - start < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          parked = true;
          if (round == last && !closed) {
            LockSupport.park(ThreadTeam.this);
          }
          parked = false;
        }
      }
      return round;
    }
  }
}
