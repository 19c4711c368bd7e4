// The paged KV cache, and causal attention over it.

// Positions in a page, as many as lanes in a simdgroup.
constant ushort PAGE = 32;

// Keys and values are f32 or f16.
#define INSTANTIATE_CACHED(function, variant)                           \
  INSTANTIATE_TYPE(function, variant, function##_##variant##_f32, float) \
  INSTANTIATE_TYPE(function, variant, function##_##variant##_f16, half)

struct StoreShape {
  uint kv_heads;
  uint head_dim;
};

// Copies keys and values to the slots of their tokens (page · PAGE + position in the page), one thread per element.
// A page holds for each head the keys [head_dim, PAGE] and, in another buffer, the values [PAGE, head_dim]: lanes are
// positions when scores are computed, and elements of the head when values are mixed.
template <typename Element, ushort unused>
kernel void store(device const float* keys [[buffer(0)]],
                  device const float* values [[buffer(1)]],
                  device Element* key_pages [[buffer(2)]],
                  device Element* value_pages [[buffer(3)]],
                  device const uint* slots [[buffer(4)]],
                  constant StoreShape& shape [[buffer(5)]],
                  uint3 at [[thread_position_in_grid]]) {
  const uint element = at.x;
  const uint head = at.y;
  const uint token = at.z;
  const ulong from = (ulong(token) * shape.kv_heads + head) * shape.head_dim + element;
  const uint page = slots[token] / PAGE;
  const uint position = slots[token] % PAGE;
  const ulong block = (ulong(page) * shape.kv_heads + head) * shape.head_dim * PAGE;
  key_pages[block + element * PAGE + position] = Element(keys[from]);
  value_pages[block + position * shape.head_dim + element] = Element(values[from]);
}

INSTANTIATE_CACHED(store, 1)

// Attention of decoding tokens: a threadgroup per token and query head. Its simdgroups
// take turns at the pages of the sequence and keep a softmax each (Milakov and Gimelshein, 2018), which are joined at
// the end. A lane is a key when scores are computed, and elements of the head when values are mixed.

constant ushort ATTENTION_SIMDGROUPS = 4;

// The initial maximum. Fast math knows no infinities; the half of the largest number can still be subtracted.
constant float LOWEST = -FLT_MAX / 2;

struct AttentionShape {
  uint heads;
  uint kv_heads;
  uint head_dim;
  uint window;  // positions that a token sees, its own included; 0 for all
  float scale;
};

// Where a token's sequence is: its position, and where the pages of its sequence begin in the list of pages.
struct Place {
  uint position;
  uint pages;
};

// ELEMENTS · 32 is at least head_dim.
template <typename Element, ushort ELEMENTS>
kernel void attend(device const float* queries [[buffer(0)]],
                   device const Element* key_pages [[buffer(1)]],
                   device const Element* value_pages [[buffer(2)]],
                   device const Place* places [[buffer(3)]],
                   device const uint* pages [[buffer(4)]],
                   device float* out [[buffer(5)]],
                   constant AttentionShape& shape [[buffer(6)]],
                   uint2 group [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float query[ELEMENTS * 32];
  threadgroup float weights[ATTENTION_SIMDGROUPS][32];
  threadgroup float maxima[ATTENTION_SIMDGROUPS];
  threadgroup float totals[ATTENTION_SIMDGROUPS];
  threadgroup float mixed[ATTENTION_SIMDGROUPS][ELEMENTS * 32];
  const uint head = group.x;
  const uint token = group.y;
  const uint kv_head = head / (shape.heads / shape.kv_heads);
  const uint last = places[token].position;
  const uint first = shape.window == 0 || last < shape.window ? 0 : last - shape.window + 1;
  device const uint* sequence = pages + places[token].pages;
  device const float* from = queries + (ulong(token) * shape.heads + head) * shape.head_dim;
  for (uint i = thread_index; i < shape.head_dim; i += ATTENTION_SIMDGROUPS * 32) query[i] = from[i] * shape.scale;
  threadgroup_barrier(mem_flags::mem_threadgroup);

  float maximum = LOWEST;
  float total = 0.0f;
  float sums[ELEMENTS];
  for (ushort e = 0; e < ELEMENTS; e++) sums[e] = 0.0f;
  for (uint page = first / PAGE + simdgroup; page <= last / PAGE; page += ATTENTION_SIMDGROUPS) {
    const ulong block = (ulong(sequence[page]) * shape.kv_heads + kv_head) * shape.head_dim * PAGE;
    device const Element* keys = key_pages + block;
    device const Element* values = value_pages + block;
    const uint position = page * PAGE + lane;
    const bool visible = position >= first && position <= last;
    float score = LOWEST;
    if (visible) {
      score = 0.0f;
      for (uint d = 0; d < shape.head_dim; d++) score += query[d] * float(keys[d * PAGE + lane]);
    }
    const float largest = max(maximum, simd_max(score));
    const float weight = visible ? precise::exp(score - largest) : 0.0f;
    const float decay = precise::exp(maximum - largest);
    weights[simdgroup][lane] = weight;
    total = total * decay + simd_sum(weight);
    maximum = largest;
    simdgroup_barrier(mem_flags::mem_threadgroup);
    // What is not visible may be anything, NaN too: it is not read.
    const uint begin = max(first, page * PAGE) - page * PAGE;
    const uint end = min(last - page * PAGE, uint(PAGE - 1));
    for (ushort e = 0; e < ELEMENTS; e++) {
      const uint d = e * 32 + lane;
      if (d < shape.head_dim) {
        float sum = sums[e] * decay;
        for (uint j = begin; j <= end; j++) sum += weights[simdgroup][j] * float(values[j * shape.head_dim + d]);
        sums[e] = sum;
      }
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (lane == 0) {
    maxima[simdgroup] = maximum;
    totals[simdgroup] = total;
  }
  for (ushort e = 0; e < ELEMENTS; e++) mixed[simdgroup][e * 32 + lane] = sums[e];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float largest = LOWEST;
  for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) largest = max(largest, maxima[s]);
  float all = 0.0f;
  for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) all += totals[s] * precise::exp(maxima[s] - largest);
  device float* to = out + (ulong(token) * shape.heads + head) * shape.head_dim;
  for (uint d = thread_index; d < shape.head_dim; d += ATTENTION_SIMDGROUPS * 32) {
    float sum = 0.0f;
    for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) sum += mixed[s][d] * precise::exp(maxima[s] - largest);
    to[d] = sum / all;
  }
}

INSTANTIATE_CACHED(attend, 1)
INSTANTIATE_CACHED(attend, 2)
INSTANTIATE_CACHED(attend, 4)
INSTANTIATE_CACHED(attend, 8)
