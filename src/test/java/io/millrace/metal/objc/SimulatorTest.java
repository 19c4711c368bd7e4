package io.millrace.metal.objc;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.metal.Simulator.Order;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The simulator finds the mistakes in kernels and their calls that it is there for. */
class SimulatorTest extends SimulatorRig {
  /** Sums 64 numbers in two simdgroups; BARRIER stands where one is needed. */
  private static final String SUM =
      HEADER
          + """
          kernel void sum(device const float* x [[buffer(0)]],
                          device float* out [[buffer(1)]],
                          ushort index [[thread_index_in_threadgroup]],
                          ushort lane [[thread_index_in_simdgroup]],
                          ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
            threadgroup float partial[2];
            const float sum = simd_sum(x[index]);
            if (lane == 0) partial[simdgroup] = sum;
            BARRIER
            if (index == 0) out[0] = partial[0] + partial[1];
            if (index == 32) out[1] = partial[0] + partial[1];
          }
          """;

  @ParameterizedTest
  @EnumSource
  void shouldComputeTheSameInAnyOrder(Order order) {
    simulator.order(order, 7);

    float[] sums = sum("threadgroup_barrier(mem_flags::mem_threadgroup);");

    assertThat(sums).containsExactly(2016, 2016);
    assertThat(simulator.takeReport()).isEmpty();
  }

  @Test
  void shouldShowAMissingBarrier() {
    Set<String> found = new TreeSet<>();
    for (Order order : List.of(Order.FORWARD, Order.REVERSE, Order.RANDOM)) {
      simulator.order(order, 7);
      found.add(List.of(sum("")[0], sum("")[1]).toString());
    }

    assertThat(found).hasSizeGreaterThan(1).anyMatch(sums -> sums.contains("NaN"));
  }

  @Test
  void shouldCatchResultsThatDependOnTheOrder() {
    simulator.order(Order.EACH, 7);

    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> sum(""))
        .withMessageContaining("sum: the result depends on the order of threads");
    simulator.takeReport();
  }

  private float[] sum(String barrier) {
    try (Buffer x = floats(64);
        Buffer out = floats(2)) {
      for (int i = 0; i < 64; i++) {
        x.contents().setAtIndex(JAVA_FLOAT, i, i);
      }
      run(
          SUM.replace("BARRIER", barrier),
          "sum",
          encoder -> encoder.buffer(0, x, 0).buffer(1, out, 0).dispatchGroups(1, 1, 64));
      return out.contents().toArray(JAVA_FLOAT);
    }
  }

  @Test
  void shouldCatchAStoreOneBeyondTheEnd() {
    try (Buffer out = floats(32)) {
      String failure =
          failure(
              "out[index + 1] = 1.0f;",
              encoder -> encoder.buffer(0, out, 0).dispatchGroups(1, 1, 32));

      assertThat(failure).contains("test: a store outside a buffer of 128 bytes");
    }
  }

  @Test
  void shouldCatchAWrongBufferIndex() {
    try (Buffer out = floats(32)) {
      run(
          kernel("out[index] = 1.0f;"),
          "test",
          encoder -> encoder.buffer(1, out, 0).dispatchGroups(1, 1, 32));

      assertThat(simulator.takeReport()).contains("test: buffer 0 is not bound");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "float v = 1.0f;\nif (lane < 16) {\nv = simd_sum(v);\n} else {\nv = simd_max(v);\n}\nout[index] = v;",
        "if (lane < 16) return;\nout[index] = simd_sum(1.0f);",
        "if (lane < 16) threadgroup_barrier(mem_flags::mem_none);\nelse out[index] = simd_sum(1.0f);"
      })
  void shouldCatchDivergentSimdOperations(String body) {
    try (Buffer out = floats(32)) {
      String failure = failure(body, encoder -> encoder.buffer(0, out, 0).dispatchGroups(1, 1, 32));

      assertThat(failure).containsAnyOf("diverge", "have exited while others synchronize");
    }
  }

  @Test
  void shouldCatchABarrierThatASimdgroupDoesNotReach() {
    try (Buffer out = floats(64)) {
      String failure =
          failure(
              "if (index < 32) threadgroup_barrier(mem_flags::mem_none);\nout[index] = 1.0f;",
              encoder -> encoder.buffer(0, out, 0).dispatchGroups(1, 1, 64));

      assertThat(failure).contains("a barrier is not reached by all simdgroups");
    }
  }

  @Test
  void shouldCatchTooMuchThreadgroupMemory() {
    try (Buffer out = floats(32)) {
      String failure =
          failure(
              "threadgroup float big[8193];\nbig[index] = 1.0f;\nout[index] = big[index];",
              encoder -> encoder.buffer(0, out, 0).dispatchGroups(1, 1, 32));

      assertThat(failure).contains("threadgroup memory of 32784 bytes exceeds 32768");
    }
  }

  @Test
  void shouldShowAMissingWait() {
    record Commit(@Message("commit") MethodHandle commit) {}
    ObjectiveC objc = device.objc;
    try (Library library = device.compile(kernel("out[index] = 1.0f;"));
        Pipeline pipeline = library.pipeline("test", List.of());
        Buffer out = floats(32);
        CommandBuffer commands = queue.begin()) {
      commands.encoder().pipeline(pipeline).buffer(0, out, 0).dispatchGroups(1, 1, 32);
      commands.encoder().end();

      ObjectiveC.send(objc.messages(Commit.class).commit(), commands.object());

      assertThat(out.contents().getAtIndex(JAVA_FLOAT, 0)).isNaN();
      commands.await();
      assertThat(out.contents().getAtIndex(JAVA_FLOAT, 0)).isEqualTo(1);
    }
  }

  @Test
  void shouldShowWhatTheCompilerSays() {
    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> device.compile(kernel("out[index] = missing;")))
        .withMessageContaining("the kernels do not compile")
        .withMessageContaining("missing");
  }

  @Test
  void shouldRefuseThreadgroupVariablesItWouldNotShare() {
    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> device.compile(kernel("threadgroup float one;\nout[index] = one;")))
        .withMessageContaining("neither a pointer nor an array");
  }

  @Test
  void shouldHoldDispatchesToTheLimits() {
    simulator.limits(384, 1 << 20, 1 << 20);
    try (Buffer out = floats(64);
        Arena arena = Arena.ofConfined()) {
      run(
          kernel("out[index] = 1.0f;"),
          "test",
          encoder -> {
            encoder.buffer(0, out, 2).dispatchGroups(1, 1, 32);
            encoder.buffer(0, out, 256);
            encoder.buffer(31, out, 0);
            encoder.bytes(0, arena.allocate(4097));
            encoder.buffer(0, out, 0).dispatchGroups(1, 1, 385);
            encoder.dispatchGroups(0, 1, 32);
          });
    }

    assertThat(simulator.takeReport())
        .contains("buffer 0 has offset 2, expected a multiple of 4")
        .contains("setBuffer offset 256 of a buffer of 256 bytes")
        .contains("setBuffer index 31, the largest is 30")
        .contains("setBytes length 4097, expected 1 to 4096")
        .contains("385 threads in a threadgroup, the pipeline allows 1 to 384")
        .contains("an empty grid");
  }

  @ParameterizedTest
  @EnumSource
  void shouldRunWhatABarrierSeparatesInOrder(Order order) {
    simulator.order(order, 7);
    try (Buffer out = floats(32)) {
      runConcurrently(out, true);

      assertThat(out.contents().toArray(JAVA_FLOAT)).containsOnly(2);
    }
  }

  @Test
  void shouldCatchAMissingBarrierBetweenDispatches() {
    simulator.order(Order.EACH, 7);
    try (Buffer out = floats(32)) {
      assertThatExceptionOfType(MetalException.class)
          .isThrownBy(() -> runConcurrently(out, false))
          .withMessageContaining("set, twice: the result depends on the order of dispatches");
      simulator.takeReport();
    }
  }

  /** Sets all elements to 1, then doubles them, in one concurrent encoder. */
  private void runConcurrently(Buffer out, boolean barrier) {
    String msl =
        HEADER
            + """
            kernel void set(device float* out [[buffer(0)]], uint at [[thread_position_in_grid]]) {
              out[at] = 1.0f;
            }
            kernel void twice(device float* out [[buffer(0)]], uint at [[thread_position_in_grid]]) {
              out[at] *= 2.0f;
            }
            """;
    try (Library library = device.compile(msl);
        Pipeline set = library.pipeline("set", List.of());
        Pipeline twice = library.pipeline("twice", List.of());
        CommandBuffer commands = queue.begin()) {
      Encoder encoder = commands.encoder();
      encoder.pipeline(set).buffer(0, out, 0).dispatchThreads(32, 1, 1, 32);
      if (barrier) {
        encoder.barrier();
      }
      encoder.pipeline(twice).dispatchThreads(32, 1, 1, 32);
      commands.run();
    }
  }

  @Test
  void shouldTellWhyTheGpuFailed() {
    simulator.failNext("Insufficient Memory");

    assertThatExceptionOfType(MetalException.class)
        .isThrownBy(() -> run(kernel("out[index] = 1.0f;"), "test", encoder -> {}))
        .withMessage("the GPU failed (status 5): Insufficient Memory");
  }
}
