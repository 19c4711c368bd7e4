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
  void shouldLoseAndRepeatNothingWhenKilledAHundredTimes() throws Exception {
    RecoveryTable table = run(Map.of(Fault.KILL, 50, Fault.KILL_AND_TAKE_OVER, 50));

    assertThat(table.medianSeconds(Fault.KILL)).isLessThanOrEqualTo(5);
    assertThat(table.medianSeconds(Fault.KILL_AND_TAKE_OVER)).isLessThanOrEqualTo(5);
  }

  @Test
  @Tag("chaos")
  void shouldLoseAndRepeatNothingWhenEverythingElseHappensTwentyTimes() throws Exception {
    Map<Fault, Integer> others = new EnumMap<>(Fault.class);
    for (Fault fault : Fault.values()) {
      others.put(fault, 20);
    }
    others.remove(Fault.KILL);
    others.remove(Fault.KILL_AND_TAKE_OVER);

    RecoveryTable table = run(others);

    assertThat(table.medianSeconds(Fault.SHUTDOWN)).isLessThanOrEqualTo(1.5);
  }

  /** Lets the faults happen in turn until each has had its number. */
  private RecoveryTable run(Map<Fault, Integer> counts) throws Exception {
    RecoveryTable table = new RecoveryTable();
    try (FaultSuite suite = FaultSuite.start(directory)) {
      Map<Fault, Integer> left = new TreeMap<>(counts);
      for (int round = 0; !left.isEmpty(); round++) {
        for (Fault fault : Fault.values()) {
          if (left.containsKey(fault)) {
            table.add(fault, suite.inject(fault, round));
            suite.calm();
            left.computeIfPresent(fault, (same, number) -> number == 1 ? null : number - 1);
          }
        }
        if (round % 10 == 9) {
          LOG.info("After {} prompts and {} rounds{}", suite.sent(), round + 1, table);
        }
      }
      assertThat(suite.finish()).isEmpty();
      LOG.info("{} prompts, each once and whole{}", suite.sent(), table);
    }
    return table;
  }
}
