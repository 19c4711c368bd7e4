package io.millrace.metal;

/**
 * The same with fast math, which Metal has unless it is told otherwise: sums in any order, no
 * infinities, no NaN. The kernels ask for safe math, but must not depend on getting it. These are
 * watched for races too, which are found in any order.
 */
class FastMathBackendTest extends MetalBackendTest {
  @Override
  void prepare(Simulator simulator) {
    simulator.fastMath(true);
    simulator.watch(true);
  }
}
