// Operations with a weight of one row: norm, bias.

constant ushort ROW_SIMDGROUPS = 8;

struct NormShape {
  uint cols;
  float epsilon;
};

// RMSNorm: out = x / sqrt(mean(x²) + epsilon) · gain, a threadgroup per row, or per head. Before, it may add: x = x +
// delta, each element by the thread that needs it later. `out` may be any of the inputs.
template <bool ADDS>
kernel void norm(device float* x [[buffer(0)]],
                 device const float* delta [[buffer(1)]],
                 device const uchar* gain [[buffer(2)]],
                 device float* out [[buffer(3)]],
                 constant NormShape& shape [[buffer(4)]],
                 uint row [[threadgroup_position_in_grid]],
                 ushort thread_index [[thread_index_in_threadgroup]],
                 ushort lane [[thread_index_in_simdgroup]],
                 ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float partial[ROW_SIMDGROUPS];
  device float* from = x + ulong(row) * shape.cols;
  device const float* added = delta + ulong(row) * shape.cols;
  device float* to = out + ulong(row) * shape.cols;
  float squares = 0.0f;
  for (uint i = thread_index; i < shape.cols; i += ROW_SIMDGROUPS * 32) {
    if (ADDS) from[i] += added[i];
    squares += from[i] * from[i];
  }
  squares = simd_sum(squares);
  if (lane == 0) partial[simdgroup] = squares;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = 0.0f;
  for (ushort s = 0; s < ROW_SIMDGROUPS; s++) total += partial[s];
  const float inverse = precise::rsqrt(total / float(shape.cols) + shape.epsilon);
  for (uint i = thread_index; i < shape.cols; i += ROW_SIMDGROUPS * 32) {
    to[i] = from[i] * inverse * Format::one(gain, i);
  }
}

INSTANTIATE(rms_norm, norm<false>)
INSTANTIATE(add_rms_norm, norm<true>)

// x = x + bias, one thread per element.
kernel void add_bias(device float* x [[buffer(0)]],
                     device const uchar* bias [[buffer(1)]],
                     constant uint& cols [[buffer(2)]],
                     uint2 at [[thread_position_in_grid]]) {
  x[ulong(at.y) * cols + at.x] += Format::one(bias, at.x);
}
