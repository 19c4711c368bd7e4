package io.millrace.metal.objc;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.Simulator.Order;
import io.millrace.metal.Simulator.Traffic;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kind of race is planted once, and found, with its name; right kernels raise no alarm. */
class RaceDetectorTest extends SimulatorRig {
  private static final String THREADGROUP = "threadgroup_barrier(mem_flags::mem_threadgroup);";
  private static final String DEVICE = "threadgroup_barrier(mem_flags::mem_device);";

  private Buffer x;
  private Buffer out;

  @BeforeEach
  void watch() {
    simulator.watch(true);
    x = device.newBuffer(1024);
    out = device.newBuffer(1024);
    for (Buffer buffer : List.of(x, out)) {
      IntStream.range(0, 256).forEach(i -> buffer.contents().setAtIndex(JAVA_FLOAT, i, i));
    }
  }

  @AfterEach
  void release() {
    x.close();
    out.close();
  }

  /** Simdgroups exchange numbers through threadgroup memory; BARRIER stands where one is needed. */
  private static final String EXCHANGE =
      """
      threadgroup float shared[64];
      shared[index] = x[index];
      BARRIER
      out[index] = shared[63 - index];
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "simdgroup_barrier(mem_flags::mem_threadgroup);",
        "threadgroup_barrier(mem_flags::mem_none);",
        DEVICE
      })
  void shouldFindAThreadgroupBarrierThatIsMissingOrTooWeak(String barrier) {
    String report = report(EXCHANGE.replace("BARRIER", barrier), 1, 64);

    assertThat(report)
        .contains("test: race in threadgroup 0 on byte ")
        .contains("of threadgroup memory shared: thread ")
        .contains("writes it (line 7)")
        .contains("reads it (line 9)")
        .contains("no threadgroup_barrier with mem_threadgroup is between");
  }

  @Test
  void shouldFindWhatIsOverwrittenBeforeOthersHaveReadIt() {
    String body =
        """
        threadgroup float shared[64];
        for (uint round = 0; round < 2; round++) {
          shared[index] = x[index];
          threadgroup_barrier(mem_flags::mem_threadgroup);
          out[index] = shared[63 - index];
        }
        """;

    assertThat(report(body, 1, 64)).contains("reads it (line 10)", "writes it (line 8)");
    assertThat(report(body.replace("- index];", "- index];" + THREADGROUP), 1, 64)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "simd_sum(1.0f);",
        "simd_broadcast(1.0f, 3);",
        "simdgroup_barrier(mem_flags::mem_none);",
        "simdgroup_barrier(mem_flags::mem_device);"
      })
  void shouldKnowThatOtherSimdOperationsOrderNoMemory(String operation) {
    String report = report(EXCHANGE.replace("63", "31").replace("BARRIER", operation), 1, 32);

    assertThat(report)
        .contains("race in threadgroup 0")
        .contains("no simdgroup_barrier with mem_threadgroup is between");
  }

  @Test
  void shouldLetASimdgroupExchangeBehindItsOwnBarrier() {
    String exchange = EXCHANGE.replace("63 - index", "index ^ 1");

    assertThat(
            report(
                exchange.replace("BARRIER", "simdgroup_barrier(mem_flags::mem_threadgroup);"),
                1,
                64))
        .isEmpty();
    assertThat(report(exchange.replace("BARRIER", THREADGROUP), 1, 64)).isEmpty();
  }

  @Test
  void shouldFindTwoThreadsThatWriteTheSame() {
    String body =
        "threadgroup float total[1];\ntotal[0] = 1.0f;\n"
            + THREADGROUP
            + "\nout[index] = total[0];";

    assertThat(report(body, 1, 64)).contains("byte 0 of threadgroup memory total", "writes it");
    assertThat(report(body.replace("total[0] = 1", "if (index == 0) total[0] = 1"), 1, 64))
        .isEmpty();
  }

  @Test
  void shouldTellNeighboursInAWordApart() {
    String body =
        """
        threadgroup uchar bytes[64];
        bytes[index] = uchar(index);
        BARRIER
        out[index] = float(bytes[INDEX]);
        """;

    assertThat(report(body.replace("BARRIER", "").replace("INDEX", "index"), 1, 64)).isEmpty();
    assertThat(report(body.replace("BARRIER", "").replace("INDEX", "index ^ 1"), 1, 64))
        .contains("race");
  }

  @ParameterizedTest
  @CsvSource({
    "'', true",
    "threadgroup_barrier(mem_flags::mem_threadgroup);, true",
    DEVICE + ", false"
  })
  void shouldFindARaceThroughABuffer(String barrier, boolean races) {
    String report =
        report(
            "out[index] = x[index];\n" + barrier + "\nout[index + 64] = out[63 - index];", 1, 64);

    if (races) {
      assertThat(report)
          .contains("of buffer 1: thread")
          .contains("no threadgroup_barrier with mem_device is between");
    } else {
      assertThat(report).isEmpty();
    }
  }

  @Test
  void shouldFindMatrixOperationsThatNothingOrders() {
    String body =
        """
        threadgroup float tile[64];
        simdgroup_float8x8 m;
        simdgroup_load(m, x, 8);
        simdgroup_store(m, tile, 8);
        BARRIER
        out[index] = tile[index];
        """;

    assertThat(report(body.replace("BARRIER", ""), 1, 32))
        .contains("the matrix operation of simdgroup 0 writes it (line 9)");
    assertThat(
            report(
                body.replace("BARRIER", "simdgroup_barrier(mem_flags::mem_threadgroup);"), 1, 32))
        .isEmpty();
  }

  @Test
  void shouldFindTwoThreadgroupsThatWriteTheSameElement() {
    assertThat(report("if (index == 0) out[group / 2] = 1.0f;", 4, 32))
        .contains("test: race on byte 0 of buffer 1: threadgroup 0 writes it (line 6)")
        .contains("threadgroup 1 writes it (line 6), and threadgroups of a dispatch have no order");
  }

  @Test
  void shouldFindAThreadgroupThatReadsWhatAnotherWrites() {
    String body = "out[64 * group + index] = x[index] + out[64 * (group ^ OTHER) + index];";

    assertThat(report(body.replace("OTHER", "1"), 2, 64))
        .contains("threadgroup 0 writes it (line 6), threadgroup 1 reads it (line 6)");
    assertThat(report(body.replace("OTHER", "0"), 2, 64)).isEmpty();
  }

  @Test
  void shouldFindReadsOutsideABuffer() {
    assertThat(report("out[index] = x[index + 255];", 1, 32))
        .contains("test: line 6 reads 4 bytes outside the buffers that are bound");
    assertThat(
            report(
                "threadgroup float small[8];\nsmall[index % 8] = 0.0f;\nout[index] = small[index];",
                1, 8))
        .isEmpty();
    assertThat(report("threadgroup float small[8];\nif (index == 0) small[8] = 0.0f;", 1, 32))
        .contains("writes 4 bytes outside the threadgroup's memory");
  }

  @ParameterizedTest
  @EnumSource
  void shouldFindTheSameInAnyOrder(Order order) {
    simulator.order(order, 3);

    assertThat(report(EXCHANGE.replace("BARRIER", ""), 2, 64)).contains("race in threadgroup");
    assertThat(report(EXCHANGE.replace("BARRIER", THREADGROUP), 1, 64)).isEmpty();
  }

  private static final String COPY = "out[index] = x[index] + 1.0f;";

  @ParameterizedTest
  @CsvSource({
    "x, out, out, spare, first writes, this one reads",
    "x, out, spare, out, first writes, this one writes",
    "x, out, spare, x, first reads, this one writes"
  })
  void shouldFindAMissingBarrierBetweenDispatches(
      String from, String to, String nextFrom, String nextTo, String before, String after) {
    try (Buffer spare = device.newBuffer(1024)) {
      List<Buffer> buffers =
          List.of(from, to, nextFrom, nextTo).stream()
              .map(name -> name.equals("x") ? x : name.equals("out") ? out : spare)
              .toList();

      String report = concurrently(buffers, false);

      assertThat(report)
          .contains("second: hazard on byte 0 of buffer ")
          .contains("kernel " + before)
          .contains(after)
          .contains("no memoryBarrierWithScope: is between their dispatches");
      assertThat(concurrently(buffers, true)).isEmpty();
    }
  }

  @Test
  void shouldLetDispatchesReadTheSame() {
    try (Buffer spare = device.newBuffer(1024)) {
      assertThat(concurrently(List.of(x, out, x, spare), false)).isEmpty();
    }
  }

  @Test
  void shouldCountUniqueBytesOfEachThreadgroup() {
    assertThat(report("out[64 * group + index] = x[0] + x[index / 2];", 2, 64)).isEmpty();

    List<Traffic> traffic = simulator.takeTraffic();

    assertThat(traffic).extracting(Traffic::kernel).containsOnly("test");
    assertThat(traffic)
        .filteredOn(t -> t.address() == x.contents().address())
        .singleElement()
        .satisfies(t -> assertThat(List.of(t.read(), t.written())).containsExactly(2 * 128L, 0L));
    assertThat(traffic)
        .filteredOn(t -> t.address() == out.contents().address())
        .singleElement()
        .satisfies(t -> assertThat(List.of(t.read(), t.written())).containsExactly(0L, 2 * 256L));
  }

  private static String copying(String name, String body) {
    return """
    kernel void %s(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                   uint group [[threadgroup_position_in_grid]],
                   uint index [[thread_index_in_threadgroup]]) {
    %s
    }
    """
        .formatted(name, body);
  }

  /** What is said of a kernel whose body begins at line 6. */
  private String report(String body, int groups, int threads) {
    try (Library library = device.compile(HEADER + copying("test", body));
        Pipeline pipeline = library.pipeline("test", List.of());
        CommandBuffer commands = queue.begin()) {
      commands
          .encoder()
          .pipeline(pipeline)
          .buffer(0, x, 0)
          .buffer(1, out, 0)
          .dispatchGroups(groups, 1, threads);
      return failure(commands);
    }
  }

  /** What is said of two dispatches of a concurrent encoder, each from a buffer to another. */
  private String concurrently(List<Buffer> buffers, boolean barrier) {
    String msl = HEADER + copying("first", COPY) + copying("second", COPY);
    try (Library library = device.compile(msl);
        Pipeline first = library.pipeline("first", List.of());
        Pipeline second = library.pipeline("second", List.of());
        CommandBuffer commands = queue.begin()) {
      Encoder encoder = commands.encoder();
      encoder.pipeline(first).buffer(0, buffers.get(0), 0).buffer(1, buffers.get(1), 0);
      encoder.dispatchGroups(1, 1, 64);
      if (barrier) {
        encoder.barrier();
      }
      encoder.pipeline(second).buffer(0, buffers.get(2), 0).buffer(1, buffers.get(3), 0);
      encoder.dispatchGroups(1, 1, 64);
      return failure(commands);
    }
  }

  private String failure(CommandBuffer commands) {
    try {
      commands.run();
      assertThat(simulator.takeReport()).isEmpty();
      return "";
    } catch (MetalException e) {
      simulator.takeReport();
      return e.getMessage();
    }
  }
}
