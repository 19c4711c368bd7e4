package io.millrace.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.FaultSuite.Fault;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
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

  /** How often a worker is killed in either way, and how often everything else happens. */
  private static final int KILLS = Integer.getInteger("chaos.kills", 50);

  private static final int OTHERS = Integer.getInteger("chaos.others", 20);
  private static final RecoveryTable TABLE = new RecoveryTable();

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  @Test
  void shouldLoseAndRepeatNothingWhateverHappens() throws Exception {
    Map<Fault, Integer> once = new EnumMap<>(Fault.class);
    for (Fault fault : Fault.values()) {
      once.put(fault, 1);
    }

    run(once);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreKilledAndStartedAgain() throws Exception {
    run(Map.of(Fault.KILL, KILLS));

    assertThat(TABLE.medianSeconds(Fault.KILL)).isLessThanOrEqualTo(5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreKilledAndOthersTakeOver() throws Exception {
    run(Map.of(Fault.KILL_AND_TAKE_OVER, KILLS));

    assertThat(TABLE.medianSeconds(Fault.KILL_AND_TAKE_OVER)).isLessThanOrEqualTo(5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersAreShutDown() throws Exception {
    run(Map.of(Fault.SHUTDOWN, OTHERS));

    assertThat(TABLE.medianSeconds(Fault.SHUTDOWN)).isLessThanOrEqualTo(1.5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenWorkersStandStillOrAreCutOff() throws Exception {
    run(Map.of(Fault.PAUSE, OTHERS, Fault.CUT_OFF, OTHERS));
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenTheBrokerIsRestarted() throws Exception {
    run(Map.of(Fault.BROKER_STOP, OTHERS));
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenTheBrokerIsKilled() throws Exception {
    run(Map.of(Fault.BROKER_KILL, OTHERS));
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenPromptsKillTheirWorkers() throws Exception {
    run(Map.of(Fault.POISON, OTHERS));
  }

  /** What everything took, and what is left of a test that failed in the middle. */
  @AfterAll
  static void report() {
    LOG.info("Recovery as readers saw it{}", TABLE);
  }

  /** Lets the faults happen in turn until each has had its number. */
  private void run(Map<Fault, Integer> counts) throws Exception {
    int rounds = Collections.max(counts.values());
    try (FaultSuite suite = FaultSuite.start(directory)) {
      for (int round = 0; round < rounds; round++) {
        for (Fault fault : new TreeMap<>(counts).keySet()) {
          if (round < counts.get(fault)) {
            inject(suite, fault, round, counts.get(fault));
          }
        }
      }
      assertThat(suite.finish()).isEmpty();
      LOG.info("{} prompts, each once and whole", suite.sent());
    }
  }

  private static void inject(FaultSuite suite, Fault fault, int round, int rounds) {
    try {
      long millis = suite.inject(fault, round);
      TABLE.add(fault, millis);
      LOG.info("{}, {} of {}: {} s", fault.title(), round + 1, rounds, millis / 1e3);
      suite.calm();
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "%s, %d of %d: %s".formatted(fault.title(), round + 1, rounds, e.getMessage()), e);
    }
  }
}
