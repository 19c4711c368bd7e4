package io.millrace.faults;

import io.millrace.faults.FaultSuite.Fault;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Fault × count × recovery time. */
final class RecoveryTable {
  private final Map<Fault, List<Long>> millis = new EnumMap<>(Fault.class);

  void add(Fault fault, long recoveryMillis) {
    millis.computeIfAbsent(fault, first -> new ArrayList<>()).add(recoveryMillis);
  }

  double medianSeconds(Fault fault) {
    List<Long> sorted = new ArrayList<>(millis.get(fault));
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2) / 1e3;
  }

  private double worstSeconds(Fault fault) {
    return Collections.max(millis.get(fault)) / 1e3;
  }

  @Override
  public String toString() {
    StringBuilder table =
        new StringBuilder(
            "%n%-32s %6s %11s %11s%n".formatted("fault", "count", "median s", "worst s"));
    for (Fault fault : millis.keySet()) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-32s %6d %11.1f %11.1f%n",
              fault.title(),
              millis.get(fault).size(),
              medianSeconds(fault),
              worstSeconds(fault)));
    }
    return table.toString();
  }
}
