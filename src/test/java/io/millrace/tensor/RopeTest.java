package io.millrace.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class RopeTest {
  private static final Rope PLAIN = Rope.standard(8, 10_000, Rope.Pairing.HALF_SPLIT);

  @Test
  void shouldTurnInProportionToThePosition() {
    assertThat(PLAIN.angle(3, 0)).isEqualTo(3);
    assertThat(PLAIN.angle(7, 2)).isCloseTo(0.07, within(1e-15));
  }

  @Test
  void shouldTurnByALargerBaseBeyondTheContext() {
    Rope dynamic = dynamic(2, 100);
    // A sequence of 250: 2 · 250 / 100 - 1 = 4, to the power of 8 / 6.
    Rope grown = Rope.standard(8, 10_000 * Math.pow(4, 8.0 / 6), Rope.Pairing.HALF_SPLIT);

    assertThat(dynamic.angle(99, 3)).isEqualTo(PLAIN.angle(99, 3));
    for (int pair = 0; pair < 4; pair++) {
      assertThat(dynamic.angle(249, pair)).isCloseTo(grown.angle(249, pair), within(1e-9));
    }
  }

  @Test
  void shouldRefuseToGrowTheBaseOfASinglePair() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new Rope(
                new double[] {1},
                Rope.Pairing.HALF_SPLIT,
                1,
                Optional.of(new Rope.DynamicNtk(2, 100))));
  }

  private static Rope dynamic(double factor, int context) {
    return new Rope(
        PLAIN.frequencies(), PLAIN.pairing(), 1, Optional.of(new Rope.DynamicNtk(factor, context)));
  }
}
