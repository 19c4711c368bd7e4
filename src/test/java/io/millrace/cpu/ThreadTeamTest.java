package io.millrace.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ThreadTeamTest {
  @Test
  void shouldRunEveryTaskOnce() {
    for (int threads : new int[] {1, 2, 3, 8}) {
      try (ThreadTeam team = new ThreadTeam(threads)) {
        for (int tasks = 0; tasks < 300; tasks++) {
          AtomicIntegerArray runs = new AtomicIntegerArray(tasks + 1);

          team.run(
              tasks,
              (index, worker) -> {
                assertThat(worker).isBetween(0, threads - 1);
                runs.incrementAndGet(index);
              });

          assertThat(IntStream.range(0, tasks)).allMatch(index -> runs.get(index) == 1);
        }
      }
    }
  }

  @Test
  void shouldRunTasksAtTheSameTime() throws InterruptedException {
    try (ThreadTeam team = new ThreadTeam(3)) {
      CountDownLatch all = new CountDownLatch(3);

      team.run(
          3,
          (index, worker) -> {
            all.countDown();
            awaitQuietly(all);
          });

      assertThat(all.getCount()).isZero();
    }
  }

  @Test
  void shouldThrowWhatATaskThrowsAndGoOn() {
    try (ThreadTeam team = new ThreadTeam(2)) {
      for (int bad = 0; bad < 4; bad++) {
        int failing = bad;

        assertThatThrownBy(() ->
                team.run(
                    4,
                    (index, worker) -> {
                      if (index == failing) {
                        throw new IllegalStateException("task " + index);
                      }
                    }))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("task " + failing);
      }
      AtomicIntegerArray runs = new AtomicIntegerArray(4);
      team.run(4, (index, worker) -> runs.incrementAndGet(index));
      assertThat(runs).hasToString("[1, 1, 1, 1]");
    }
  }

  @Test
  void shouldWakeWorkersThatFellAsleep() {
    Set<Thread> others = workers();
    try (ThreadTeam team = new ThreadTeam(2)) {
      Set<Thread> own = workers();
      own.removeAll(others);
      awaitState(own, Thread.State.WAITING);
      CountDownLatch both = new CountDownLatch(2);

      team.run(
          2,
          (index, worker) -> {
            both.countDown();
            awaitQuietly(both);
          });

      assertThat(both.getCount()).isZero();
    }
  }

  @Test
  void shouldEndItsThreads() {
    Set<Thread> others = workers();
    ThreadTeam team = new ThreadTeam(3);
    Set<Thread> own = workers();
    own.removeAll(others);

    team.close();

    assertThat(own).hasSize(2);
    awaitState(own, Thread.State.TERMINATED);
    assertThatThrownBy(() -> team.run(2, (index, worker) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void shouldRefuseAnEmptyTeam() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ThreadTeam(0))
        .withMessage("0 threads, expected at least 1");
  }

  private static Set<Thread> workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("millrace-cpu-"))
        .collect(Collectors.toSet());
  }

  private static void awaitState(Set<Thread> threads, Thread.State state) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!threads.stream().allMatch(thread -> thread.getState() == state)) {
      assertThat(System.nanoTime()).as("time until all threads are %s", state).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
