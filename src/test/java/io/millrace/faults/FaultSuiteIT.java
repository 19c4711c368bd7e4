package io.millrace.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.FaultSuite.Fault;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whatever happens to real processes under load, nothing is lost and nothing comes twice. Every
 * build lets each fault happen once; {@code mvn verify -Pchaos} takes its time.
 */
class FaultSuiteIT {
  private static final Logger LOG = LoggerFactory.getLogger(FaultSuiteIT.class);

  /** Of each fault under continuous load. */
  private static final int MANY = 50;

  private static final int SOME = 20;
  private static final RecoveryTable TABLE = new RecoveryTable();

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  @Test
  void shouldLoseAndRepeatNothingWhateverHappens() throws Exception {
    Map<Fault, Integer> once = new EnumMap<>(Fault.class);
    for (Fault fault : Fault.values()) {
      once.put(fault, 1);
    }
    once.remove(Fault.BROKER_STOP);

    run(once);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreKilledAndStartedAgain() throws Exception {
    run(Map.of(Fault.KILL, MANY));

    assertThat(TABLE.medianSeconds(Fault.KILL)).isLessThanOrEqualTo(5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreKilledAndOthersTakeOver() throws Exception {
    run(Map.of(Fault.KILL_AND_TAKE_OVER, MANY));

    assertThat(TABLE.medianSeconds(Fault.KILL_AND_TAKE_OVER)).isLessThanOrEqualTo(5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreShutDown() throws Exception {
    run(Map.of(Fault.SHUTDOWN, SOME));

    assertThat(TABLE.medianSeconds(Fault.SHUTDOWN)).isLessThanOrEqualTo(1.5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersStandStillOrAreCutOff() throws Exception {
    run(Map.of(Fault.PAUSE, SOME, Fault.CUT_OFF, SOME));
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenTheBrokerIsRestarted() throws Exception {
    run(Map.of(Fault.BROKER_STOP, SOME, Fault.BROKER_KILL, SOME));
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenPromptsKillTheirWorkers() throws Exception {
    run(Map.of(Fault.POISON, SOME));
  }

  /** Lets the faults happen in turn until each has had its number. */
  private void run(Map<Fault, Integer> counts) throws Exception {
    try (FaultSuite suite = FaultSuite.start(directory)) {
      Map<Fault, Integer> left = new TreeMap<>(counts);
      for (int round = 0; !left.isEmpty(); round++) {
        for (Fault fault : Fault.values()) {
          if (left.containsKey(fault)) {
            TABLE.add(fault, suite.inject(fault, round));
            suite.calm();
            left.computeIfPresent(fault, (same, number) -> number == 1 ? null : number - 1);
          }
        }
      }
      assertThat(suite.finish()).isEmpty();
      LOG.info("{} prompts, each once and whole{}", suite.sent(), TABLE);
    }
  }
}
