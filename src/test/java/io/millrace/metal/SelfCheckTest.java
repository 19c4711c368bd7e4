package io.millrace.metal;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.millrace.tensor.AffineType;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.ReferenceBackend;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The self-check refuses a backend that leaves out one operation. */
class SelfCheckTest {
  @Test
  void shouldAcceptTheDefinition() {
    try (Backend right = without("nothing")) {
      assertThatNoException().isThrownBy(() -> SelfCheck.require(right));
      for (DType dtype : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
        assertThatNoException().isThrownBy(() -> SelfCheck.requireAttention(right, dtype));
      }
      for (DType dtype : DType.values()) {
        assertThatNoException().isThrownBy(() -> SelfCheck.requireProducts(right, dtype));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"swiglu", "addRmsNorm", "addBias", "gather", "rmsNorm", "argmax", "topK"})
  void shouldRefuseAWrongOperation(String operation) {
    try (Backend wrong = without(operation)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> SelfCheck.require(wrong))
          .withMessageContaining("computes wrong numbers")
          .withMessageContaining(operation.equals("rmsNorm") ? "rms norm" : operation);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"matmul", "matmulSwiglu", "embed"})
  void shouldRefuseWrongProducts(String operation) {
    AffineType format = new AffineType(4, 64, DType.BF16);
    try (Backend wrong = without(operation)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> SelfCheck.requireProducts(wrong, format))
          .withMessageContaining("affine 4-bit g64 bf16");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rotateAndStore", "attention"})
  void shouldRefuseWrongAttention(String operation) {
    try (Backend wrong = without(operation)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> SelfCheck.requireAttention(wrong, DType.Q8_0))
          .withMessageContaining("attention q8_0 64");
    }
  }

  private static Backend without(String operation) {
    ReferenceBackend reference = new ReferenceBackend();
    return (Backend)
        Proxy.newProxyInstance(
            SelfCheckTest.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) ->
                method.getName().equals(operation) ? null : method.invoke(reference, arguments));
  }
}
