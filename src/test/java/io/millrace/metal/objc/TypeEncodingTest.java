package io.millrace.metal.objc;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class TypeEncodingTest {
  private static final Class<?> POINTER = MemorySegment.class;

  @Test
  void shouldMatchWhatMetalsClassesDeclare() {
    assertThat(TypeEncoding.matches("v16@0:8", void.class)).isTrue();
    assertThat(TypeEncoding.matches("Q16@0:8", long.class)).isTrue();
    assertThat(TypeEncoding.matches("B24@0:8q16", boolean.class, long.class)).isTrue();
    assertThat(TypeEncoding.matches("d16@0:8", double.class)).isTrue();
    assertThat(TypeEncoding.matches("r*16@0:8", POINTER)).isTrue();
    assertThat(
            TypeEncoding.matches(
                "@48@0:8^v16Q24Q32@?40", POINTER, POINTER, long.class, long.class, POINTER))
        .isTrue();
    assertThat(
            TypeEncoding.matches("v40@0:8r^v16Q24Q32", void.class, POINTER, long.class, long.class))
        .isTrue();
    assertThat(
            TypeEncoding.matches(
                "v64@0:8{?=QQQ}16{MTLSize=QQQ}40", void.class, GridSize.class, GridSize.class))
        .isTrue();
    assertThat(
            TypeEncoding.matches(
                "@40@0:8@\"NSString\"16@\"MTLCompileOptions\"24^@32",
                POINTER,
                POINTER,
                POINTER,
                POINTER))
        .isTrue();
    assertThat(TypeEncoding.matches("Vv16@0:8", void.class)).isTrue();
  }

  @Test
  void shouldFindEachKindOfMistake() {
    assertThat(TypeEncoding.matches("Q16@0:8", POINTER)).isFalse();
    assertThat(TypeEncoding.matches("@24@0:8Q16", POINTER)).isFalse();
    assertThat(TypeEncoding.matches("v24@0:8f16", void.class, double.class)).isFalse();
    assertThat(TypeEncoding.matches("v20@0:8i16", void.class, long.class)).isFalse();
    assertThat(TypeEncoding.matches("v40@0:8{?=QQQ}16", void.class, POINTER)).isFalse();
    assertThat(TypeEncoding.matches("v20@0:8B16", void.class, long.class)).isFalse();
  }

  @Test
  void shouldLetPassWhatItDoesNotUnderstand() {
    assertThat(TypeEncoding.matches("v24@0:8{Other=ff}16", void.class, POINTER)).isTrue();
    assertThat(TypeEncoding.matches("v24@0:8?16", void.class, POINTER)).isTrue();
  }
}
