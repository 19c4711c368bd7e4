// Operations on the rows of activations: selection, gate, maximum. Activations are f32, row after row.

// out[i] = x[rows[i]], one thread per element.
kernel void gather(device const float* x [[buffer(0)]],
                   device const uint* rows [[buffer(1)]],
                   device float* out [[buffer(2)]],
                   constant uint& cols [[buffer(3)]],
                   uint2 at [[thread_position_in_grid]]) {
  out[ulong(at.y) * cols + at.x] = x[ulong(rows[at.y]) * cols + at.x];
}

// gate = silu(gate) · up.
kernel void swiglu(device float* gate [[buffer(0)]],
                   device const float* up [[buffer(1)]],
                   uint at [[thread_position_in_grid]]) {
  gate[at] = silu(gate[at]) * up[at];
}

constant ushort ARGMAX_SIMDGROUPS = 8;

// out[row] = the column of the largest element, of equal ones the first, or -1 where an element is not finite, which
// fast math can tell from the bits only; a threadgroup per row.
kernel void argmax(device const float* x [[buffer(0)]],
                   device float* out [[buffer(1)]],
                   constant uint& cols [[buffer(2)]],
                   uint row [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float maxima[ARGMAX_SIMDGROUPS];
  threadgroup uint columns[ARGMAX_SIMDGROUPS];
  threadgroup uint finites[ARGMAX_SIMDGROUPS];
  const uint none = 0xffffffff;
  const uint exponent = 0x7f800000;
  device const float* from = x + ulong(row) * cols;
  float largest = -FLT_MAX;
  uint column = none;
  uint finite = 1;
  for (uint i = thread_index; i < cols; i += ARGMAX_SIMDGROUPS * 32) {
    const float element = from[i];
    if ((as_type<uint>(element) & exponent) == exponent) {
      finite = 0;
    } else if (column == none || element > largest) {
      largest = element;
      column = i;
    }
  }
  const float maximum = simd_max(largest);
  const uint first = simd_min(largest == maximum ? column : none);
  const uint all_finite = simd_min(finite);
  if (lane == 0) {
    maxima[simdgroup] = maximum;
    columns[simdgroup] = first;
    finites[simdgroup] = all_finite;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (thread_index == 0) {
    for (ushort s = 0; s < ARGMAX_SIMDGROUPS; s++) {
      finite = min(finite, finites[s]);
      // Threads beyond the last column have found nothing.
      if (columns[s] != none && (maxima[s] > largest || (maxima[s] == largest && columns[s] < column))) {
        largest = maxima[s];
        column = columns[s];
      }
    }
    out[row] = finite == 0 ? -1.0f : float(column);
  }
}
