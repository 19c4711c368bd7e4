package io.millrace.topology;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;

class FailurePolicyTest {
  private final AtomicLong now = new AtomicLong();
  private final List<String> reasons = new ArrayList<>();
  private final FailurePolicy policy =
      new FailurePolicy("mini-7", () -> Instant.ofEpochMilli(now.get()), reasons::add);

  @Test
  void shouldReplaceTheThreadAfterAFailureThatMayPass() {
    assertThat(policy.handle(new StreamsException(new TimeoutException("slow broker"))))
        .isEqualTo(REPLACE_THREAD);
    assertThat(reasons).isEmpty();
  }

  @Test
  void shouldStopAndNameTheWorkerWhoseIdIsTaken() {
    assertThat(policy.handle(new StreamsException(new FencedInstanceIdException("fenced"))))
        .isEqualTo(SHUTDOWN_CLIENT);
    assertThat(reasons).singleElement().asString().contains("worker.id mini-7");
  }

  @Test
  void shouldStopWhenARightIsMissing() {
    assertThat(policy.handle(new StreamsException(new TopicAuthorizationException("no chunks"))))
        .isEqualTo(SHUTDOWN_CLIENT);
    assertThat(reasons).singleElement().asString().contains("no chunks", "grant the right");
  }

  @Test
  void shouldStopWhenTheProcessIsDamaged() {
    assertThat(policy.handle(new OutOfMemoryError("heap"))).isEqualTo(SHUTDOWN_CLIENT);
  }

  @Test
  void shouldStopWhenFailuresKeepComing() {
    for (int failure = 0; failure < 5; failure++) {
      assertThat(policy.handle(new StreamsException("again"))).isEqualTo(REPLACE_THREAD);
    }

    assertThat(policy.handle(new StreamsException("the last"))).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(reasons).singleElement().asString().contains("the last");
  }

  @Test
  void shouldForgetOldFailures() {
    for (int failure = 0; failure < 50; failure++) {
      now.addAndGet(20_000);

      assertThat(policy.handle(new StreamsException("rare"))).isEqualTo(REPLACE_THREAD);
    }
  }
}
