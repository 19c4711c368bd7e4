package io.millrace.metal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.WeightType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernels pass the lint, and mistakes that Apple's compiler rejects do not. */
class MslLintTest {
  private static final String HEADER = "#include <metal_stdlib>\nusing namespace metal;\n";

  @TempDir private Path folder;
  private MslLint lint;

  @BeforeEach
  void open() {
    lint = new MslLint(folder);
  }

  static Stream<Arguments> kernels() {
    Stream<WeightType> formats =
        Stream.concat(
            Stream.of(DType.values()),
            Stream.of(2, 3, 4, 5, 6, 8).map(bits -> new AffineType(bits, 64, DType.BF16)));
    Stream<Arguments> without =
        Stream.of(Kernels.Family.values())
            .filter(family -> family.subject() == Kernels.Subject.NONE)
            .map(family -> Arguments.of(family, Optional.empty()));
    // Formats are used alike by all families: one family with every format, every family with one.
    Stream<Arguments> families =
        Stream.of(Kernels.Family.values())
            .filter(family -> family.subject() != Kernels.Subject.NONE)
            .map(family -> Arguments.of(family, Optional.of(DType.F16)));
    Stream<Arguments> caches =
        Stream.of(DType.F32, DType.Q8_0)
            .map(type -> Arguments.of(Kernels.Family.ATTENTION, Optional.of(type)));
    return Stream.of(
            without,
            families,
            caches,
            formats.map(format -> Arguments.of(Kernels.Family.PRODUCTS, Optional.of(format))))
        .flatMap(arguments -> arguments);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void shouldAcceptTheKernels(Kernels.Family family, Optional<WeightType> format) {
    assertThat(lint.check(Kernels.source(family, format))).isEmpty();
  }

  @Test
  void shouldAcceptWhatIsRight() {
    assertThat(
            lint.check(
                HEADER
                    + """
                    float half_of(threadgroup const float* p) { return p[0] * 0.5f; }
                    kernel void good(device float* x [[buffer(0)]], constant uint& n [[buffer(1)]],
                                     ushort lane [[thread_index_in_simdgroup]]) {
                      threadgroup float shared[32];
                      shared[lane] = x[lane];
                      simdgroup_barrier(mem_flags::mem_threadgroup);
                      if (lane < n) x[lane] = simd_sum(half_of(shared + lane));
                    }
                    """))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // address spaces
        "float f(threadgroup float* p) { return p[0]; } kernel void k(device float* x) { x[0] = f(x); }",
        "float f(float* p) { return p[0]; } kernel void k(device float* x) { float y[1]; x[0] = f(y); }",
        "kernel void k(device float* x, constant float* c) { device float* p = c; p[0] = 1.0f; }",
        "kernel void k(device float* x) { float local[4]; device float* p = local; }",
        "kernel void k(device float* x) { threadgroup float* p = (threadgroup float*)x; }",
        "kernel void k(device float* x) { const float& y = x[0]; }",
        // constness
        "kernel void k(constant float* c) { c[0] = 1.0f; }",
        "kernel void k(device const float* x) { x[0] = 1.0f; }",
        // double precision
        "kernel void k(device float* x) { double d = x[0]; x[0] = d; }",
        "kernel void k(device float* x) { x[0] = x[1] * 0.1; }",
        // what the language leaves out
        "int f(int n) { return n; } kernel void k(device float* x) { int (*p)(int) = f; x[0] = p(1); }",
        "int f(int n) { return n > 0 ? f(n - 1) : 0; } kernel void k(device float* x) { x[0] = f(3); }",
        "kernel void k(device float* x) { thread int* q = new int; }",
        "kernel void k(device float* x) { throw 1; }",
        "struct V { virtual int z(); };",
        "kernel void k(device float* x) { goto end; end: x[0] = 1.0f; }",
        // conversions and types
        "kernel void k(device float4* x, device half4* h) { x[0] = h[0]; }",
        "kernel void k(threadgroup half* s) { simdgroup_float8x8 m; simdgroup_load(m, s, 8); }",
        "kernel void k(device float* x) { x[0] = as_type<float>(ushort(1)); }",
        "kernel void k(device float* x) { x[0] = missing(1.0f); }"
      })
  void shouldReject(String mistake) {
    assertThat(lint.check(HEADER + mistake)).isNotEmpty();
  }
}
