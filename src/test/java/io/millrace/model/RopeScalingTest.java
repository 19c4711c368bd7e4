package io.millrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.millrace.tensor.Rope;
import io.millrace.tensor.Rope.Pairing;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The numbers are what mlx-lm's rope_utils.py computes when it runs on numpy in double. */
class RopeScalingTest {
  @Test
  void shouldStretchLongWavelengthsLikeLlama3() {
    Rope small = rope(16, 500_000).llama3(8, 1, 4, 64);
    Rope real = rope(16, 500_000).llama3(32, 1, 4, 8192);

    assertFrequencies(
        small,
        1.0,
        0.0794030091792,
        0.00470075386636,
        0.000911583092152,
        0.000176776695297,
        3.42810219595e-05,
        6.64786987118e-06,
        1.28917317215e-06);
    assertFrequencies(
        real,
        1.0,
        0.193922744749,
        0.0376060309309,
        0.00729266473722,
        0.000429556796559,
        8.57025548988e-06,
        1.6619674678e-06,
        3.22293293038e-07);
    assertThat(real.scale()).isEqualTo(1);
  }

  @Test
  void shouldStretchByHowOftenAPairTurnsLikeYarn() {
    Rope plain = rope(16, 10_000).yarn(4, 256, 32, 1, RopeScaling.yarnAttention(4, 1, 0));
    Rope tuned =
        rope(32, 1_000_000).yarn(16, 32_768, 24, 2, RopeScaling.yarnAttention(16, 0.8, 0.5));

    assertFrequencies(
        plain,
        1.0,
        0.256935059889,
        0.0625,
        0.0138349647632,
        0.0025,
        0.000790569415042,
        0.00025,
        7.90569415042e-05);
    assertThat(plain.scale()).isCloseTo(1.138629436f, within(1e-6f));
    assertFrequencies(
        tuned,
        1.0,
        0.421696503429,
        0.177827941004,
        0.0749894209332,
        0.0316227766017,
        0.0133352143216,
        0.0056234132519,
        0.0018155829934,
        0.00053125,
        0.000125191149455,
        1.11142463127e-05,
        4.68683880833e-06,
        1.97642353761e-06,
        8.33450895102e-07,
        3.51463328244e-07,
        1.48210856604e-07);
    assertThat(tuned.scale()).isCloseTo(1.073050686f, within(1e-6f));
  }

  @Test
  void shouldDivideByLongFactorsLikeLongRope() {
    Rope rope = rope(8, 10_000).longRope(new float[] {1, 1.5f, 2.5f, 4}, 128, 32);

    assertFrequencies(rope, 1.0, 0.0666666666667, 0.004, 0.00025);
    assertThat(rope.scale()).isCloseTo(1.183215957f, within(1e-6f));
  }

  @Test
  void shouldDivideAllFrequenciesByTheLinearFactor() {
    assertFrequencies(rope(4, 10_000).linear(4), 0.25, 0.0025);
  }

  @Test
  void shouldGrowTheBaseBeyondTheContext() {
    Rope rope = rope(8, 10_000).dynamicNtk(2, 100);

    assertThat(rope.growth()).hasValue(new Rope.DynamicNtk(2, 100));
    assertFrequencies(rope, 1, 0.1, 0.01, 0.001);
  }

  @Test
  void shouldRefuseNumbersThatCannotBe() {
    refuses("rotates 7 elements", () -> rope(7, 10_000));
    refuses("base NaN", () -> rope(8, Double.NaN));
    refuses("factor 0.0", () -> rope(8, 10_000).linear(0));
    refuses("factor 0.5", () -> rope(8, 10_000).dynamicNtk(0.5, 10));
    refuses("3 factors, expected 4", () -> rope(8, 10_000).divided(new float[3]));
    refuses("factors 0.0", () -> rope(8, 10_000).divided(new float[4]));
    refuses("high_freq_factor 1.0", () -> rope(8, 10_000).llama3(8, 1, 1, 64));
    refuses("beta_slow -1.0", () -> rope(8, 10_000).yarn(4, 256, 32, -1, 1));
    refuses("turns pair 0 by NaN", () -> rope(8, 1).yarn(4, 256, 32, 1, 1));
    refuses("original context 0.0", () -> rope(8, 10_000).longRope(new float[4], 10, 0));
  }

  private static RopeScaling rope(int rotated, double base) {
    return new RopeScaling(rotated, base, Pairing.HALF_SPLIT);
  }

  private static void assertFrequencies(Rope rope, double... expected) {
    assertThat(rope.frequencies()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(rope.frequencies()[i]).isCloseTo(expected[i], within(expected[i] * 1e-10));
    }
  }

  private static void refuses(String message, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
  }
}
