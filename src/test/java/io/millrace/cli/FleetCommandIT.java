package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class FleetCommandIT {
  @Test
  void shouldKeepWorkersOfUnequalSpeedBusy() throws Exception {
    CommandRun run =
        CommandRun.of(
            "fleet", "--workers", "2", "--speeds", "200,600", "--duration", "5s", "--json");

    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode line = new ObjectMapper().readTree(run.out());
    assertThat(line.get("sum_of_speeds").asDouble()).isEqualTo(800);
    assertThat(line.get("tokens_per_second").asDouble()).isBetween(400.0, 880.0);
    assertThat(line.get("shares").get(1).asDouble()).isBetween(0.6, 0.9);
  }

  @Test
  void shouldRefuseWhatIsNoFleet() {
    assertThat(CommandRun.of("fleet", "--workers", "0").exit()).isEqualTo(2);
    assertThat(CommandRun.of("fleet", "--speeds", "0").exit()).isEqualTo(2);
    assertThat(CommandRun.of("fleet", "--load", "-1").exit()).isEqualTo(2);
  }
}
