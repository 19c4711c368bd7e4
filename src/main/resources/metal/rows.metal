// Operations on the rows of activations: lookup, norm, gate, sum, maximum. Activations are f32, row after row.

struct LookupShape {
  uint cols;
  uint row_bytes;
};

// out[i] = table[tokens[i]], one thread per element.
template <typename Format>
kernel void embed(device const uchar* table [[buffer(0)]],
                  device const uint* tokens [[buffer(1)]],
                  device float* out [[buffer(2)]],
                  constant LookupShape& shape [[buffer(3)]],
                  uint2 at [[thread_position_in_grid]]) {
  device const uchar* row = table + ulong(tokens[at.y]) * shape.row_bytes;
  out[ulong(at.y) * shape.cols + at.x] = Format::one(row, at.x);
}

INSTANTIATE_FORMATS(embed)

// out[i] = x[rows[i]], one thread per element.
kernel void gather(device const float* x [[buffer(0)]],
                   device const uint* rows [[buffer(1)]],
                   device float* out [[buffer(2)]],
                   constant uint& cols [[buffer(3)]],
                   uint2 at [[thread_position_in_grid]]) {
  out[ulong(at.y) * cols + at.x] = x[ulong(rows[at.y]) * cols + at.x];
}

constant ushort ROW_SIMDGROUPS = 8;

struct NormShape {
  uint cols;
  float epsilon;
};

// RMSNorm: out = x / sqrt(mean(x²) + epsilon) · gain, a threadgroup per row, or per head. `out` may be `x`.
template <typename Format>
kernel void rms_norm(device const float* x [[buffer(0)]],
                     device const uchar* gain [[buffer(1)]],
                     device float* out [[buffer(2)]],
                     constant NormShape& shape [[buffer(3)]],
                     uint row [[threadgroup_position_in_grid]],
                     ushort thread_index [[thread_index_in_threadgroup]],
                     ushort lane [[thread_index_in_simdgroup]],
                     ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float partial[ROW_SIMDGROUPS];
  device const float* from = x + ulong(row) * shape.cols;
  device float* to = out + ulong(row) * shape.cols;
  float squares = 0.0f;
  for (uint i = thread_index; i < shape.cols; i += ROW_SIMDGROUPS * 32) squares += from[i] * from[i];
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

INSTANTIATE_FORMATS(rms_norm)

// gate = silu(gate) · up. The exponent is clamped, since fast math knows no infinities.
kernel void swiglu(device float* gate [[buffer(0)]],
                   device const float* up [[buffer(1)]],
                   uint at [[thread_position_in_grid]]) {
  const float x = gate[at];
  gate[at] = x / (1.0f + precise::exp(clamp(-x, -87.0f, 87.0f))) * up[at];
}

// x = x + y.
kernel void add(device float* x [[buffer(0)]],
                device const float* y [[buffer(1)]],
                uint at [[thread_position_in_grid]]) {
  x[at] += y[at];
}

// x = x + bias, one thread per element.
template <typename Format>
kernel void add_bias(device float* x [[buffer(0)]],
                     device const uchar* bias [[buffer(1)]],
                     constant uint& cols [[buffer(2)]],
                     uint2 at [[thread_position_in_grid]]) {
  x[ulong(at.y) * cols + at.x] += Format::one(bias, at.x);
}

INSTANTIATE_FORMATS(add_bias)
