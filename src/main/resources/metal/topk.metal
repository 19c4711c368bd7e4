// The largest elements of rows of logits. Activations are f32, row after row.

constant ushort TOPK_SIMDGROUPS = 8;
constant ushort TOPK_THREADS = 256;

struct TopShape {
  uint cols;
  uint k;
};

// Unsigned numbers in the order of the floats; both zeros are one.
inline uint ascending(float x) {
  const uint bits = as_type<uint>(x) == 0x80000000u ? 0u : as_type<uint>(x);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

// One row per threadgroup: the columns of its k largest elements, ascending, of equal ones the first; then these elements;
// then the sum of exp((element - largest) · factor) over all of the row. The first column is -1 where an element is not
// finite, which is read from its bits: fast math knows neither infinities nor NaN.
kernel void top_k(device const float* x [[buffer(0)]],
                  device const float* factors [[buffer(1)]],
                  device float* out [[buffer(2)]],
                  constant TopShape& shape [[buffer(3)]],
                  uint row [[threadgroup_position_in_grid]],
                  ushort thread_index [[thread_index_in_threadgroup]],
                  ushort lane [[thread_index_in_simdgroup]],
                  ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup uint counts[TOPK_SIMDGROUPS][16];
  threadgroup float maxima[TOPK_SIMDGROUPS];
  threadgroup uint finites[TOPK_SIMDGROUPS];
  threadgroup float sums[TOPK_SIMDGROUPS];
  threadgroup uint above[TOPK_THREADS];
  threadgroup uint equal[TOPK_THREADS];
  const uint exponent = 0x7f800000u;
  device const float* from = x + ulong(row) * shape.cols;
  device float* to = out + ulong(row) * (2 * shape.k + 1);

  float largest = -FLT_MAX;
  uint finite = 1;
  for (uint i = thread_index; i < shape.cols; i += TOPK_THREADS) {
    const float element = from[i];
    if ((as_type<uint>(element) & exponent) == exponent) {
      finite = 0;
    } else {
      largest = max(largest, element);
    }
  }
  const float maximum = simd_max(largest);
  const uint all_finite = simd_min(finite);
  if (lane == 0) {
    maxima[simdgroup] = maximum;
    finites[simdgroup] = all_finite;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  largest = maxima[0];
  finite = finites[0];
  for (ushort s = 1; s < TOPK_SIMDGROUPS; s++) {
    largest = max(largest, maxima[s]);
    finite = min(finite, finites[s]);
  }
  if (finite == 0) {
    if (thread_index == 0) to[0] = -1.0f;
    return;
  }

  // The k-th largest, four bits at a time: how many of the numbers that begin alike go on with each digit.
  uint kth = 0;
  uint left = shape.k;  // how many of those that begin like it belong to the k largest
  for (int shift = 28; shift >= 0; shift -= 4) {
    uint count[16];
    for (ushort d = 0; d < 16; d++) count[d] = 0;
    for (uint i = thread_index; i < shape.cols; i += TOPK_THREADS) {
      const uint digits = ascending(from[i]) >> shift;
      if (digits >> 4 == kth >> shift >> 4) {
        for (ushort d = 0; d < 16; d++) count[d] += (digits & 15u) == d ? 1 : 0;
      }
    }
    for (ushort d = 0; d < 16; d++) {
      const uint sum = simd_sum(count[d]);
      if (lane == 0) counts[simdgroup][d] = sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint digit = 16;
    uint many = 0;
    do {
      left -= many;
      digit--;
      many = 0;
      for (ushort s = 0; s < TOPK_SIMDGROUPS; s++) many += counts[s][digit];
    } while (many < left);
    kth |= digit << shift;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  // Each thread takes columns that follow each other, so that what it finds has its place after what those before find.
  const uint share = (shape.cols + TOPK_THREADS - 1) / TOPK_THREADS;
  const uint begin = thread_index * share;
  const uint end = min(begin + share, shape.cols);
  const float factor = factors[row];
  uint own_above = 0;
  uint own_equal = 0;
  float sum = 0.0f;
  for (uint i = begin; i < end; i++) {
    const uint number = ascending(from[i]);
    own_above += number > kth ? 1 : 0;
    own_equal += number == kth ? 1 : 0;
    sum += precise::exp(max((from[i] - largest) * factor, -87.0f));
  }
  above[thread_index] = own_above;
  equal[thread_index] = own_equal;
  const float part = simd_sum(sum);
  if (lane == 0) sums[simdgroup] = part;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint above_before = 0;
  uint equal_before = 0;
  for (ushort t = 0; t < thread_index; t++) {
    above_before += above[t];
    equal_before += equal[t];
  }
  uint at = above_before + min(equal_before, left);
  for (uint i = begin; i < end; i++) {
    const uint number = ascending(from[i]);
    if (number > kth || (number == kth && equal_before < left)) {
      to[at] = float(i);
      to[shape.k + at] = from[i];
      at++;
    }
    equal_before += number == kth ? 1 : 0;
  }
  if (thread_index == 0) {
    float all = 0.0f;
    for (ushort s = 0; s < TOPK_SIMDGROUPS; s++) all += sums[s];
    to[2 * shape.k] = all;
  }
}
