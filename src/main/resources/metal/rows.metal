// Operations on the rows of activations: selection, gate, sum. Activations are f32, row after row.

// out[i] = x[rows[i]], one thread per element.
kernel void gather(device const float* x [[buffer(0)]],
                   device const uint* rows [[buffer(1)]],
                   device float* out [[buffer(2)]],
                   constant uint& cols [[buffer(3)]],
                   uint2 at [[thread_position_in_grid]]) {
  out[ulong(at.y) * cols + at.x] = x[ulong(rows[at.y]) * cols + at.x];
}

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
