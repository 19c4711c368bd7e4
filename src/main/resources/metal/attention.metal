// The paged KV cache, and causal attention over it.

// Positions in a page, as many as lanes in a simdgroup.
constant ushort PAGE = 32;

struct StoreShape {
  uint kv_heads;
  uint head_dim;
};

// Copies keys and values to the slots of their tokens (page · PAGE + position in the page), one thread per element.
// A page holds for each head the keys [head_dim, PAGE] and, in another buffer, the values [PAGE, head_dim]: lanes are
// positions when scores are computed, and elements of the head when values are mixed. Both are f32 or f16.
template <typename Element>
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

INSTANTIATE(store_f32, store<float>)
INSTANTIATE(store_f16, store<half>)

// Attention with an online softmax (Milakov and Gimelshein, 2018): a threadgroup per tile and query head. A tile is up to
// QUERIES consecutive tokens of one sequence, so that a prompt reads each key and value once for all of them; a decoding
// token is a tile of its own. The simdgroups of a threadgroup take turns at the pages of the sequence and keep a softmax
// each; these are joined at the end. A lane is a key when scores are computed, and elements of the head when values are
// mixed.

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

struct Tile {
  uint first;     // token of the batch
  uint count;     // tokens
  uint position;  // of the first
  uint pages;     // where the pages of the sequence begin in the list of pages
};

// The first position that a token sees.
inline uint first_seen(uint position, uint window) {
  return window == 0 || position < window ? 0 : position - window + 1;
}

// ELEMENTS · 32 is at least head_dim.
template <typename Element, ushort ELEMENTS, ushort QUERIES>
kernel void attend(device const float* queries [[buffer(0)]],
                   device const Element* key_pages [[buffer(1)]],
                   device const Element* value_pages [[buffer(2)]],
                   device const Tile* tiles [[buffer(3)]],
                   device const uint* pages [[buffer(4)]],
                   device float* out [[buffer(5)]],
                   constant AttentionShape& shape [[buffer(6)]],
                   uint2 group [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float query[QUERIES][ELEMENTS * 32];
  threadgroup float weights[ATTENTION_SIMDGROUPS][QUERIES][32];
  threadgroup float maxima[ATTENTION_SIMDGROUPS];
  threadgroup float totals[ATTENTION_SIMDGROUPS];
  threadgroup float mixed[ATTENTION_SIMDGROUPS][ELEMENTS * 32];
  const uint head = group.x;
  const uint kv_head = head / (shape.heads / shape.kv_heads);
  const Tile tile = tiles[group.y];
  const uint first = first_seen(tile.position, shape.window);
  const uint last = tile.position + tile.count - 1;
  const uint stride = shape.heads * shape.head_dim;
  device const float* from = queries + ulong(tile.first) * stride + head * shape.head_dim;
  for (ushort q = 0; q < QUERIES; q++) {
    for (uint i = thread_index; i < ELEMENTS * 32; i += ATTENTION_SIMDGROUPS * 32) {
      query[q][i] = q < tile.count && i < shape.head_dim ? from[q * stride + i] * shape.scale : 0.0f;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  float maximum[QUERIES];
  float total[QUERIES];
  float sums[QUERIES][ELEMENTS];
  for (ushort q = 0; q < QUERIES; q++) {
    maximum[q] = LOWEST;
    total[q] = 0.0f;
    for (ushort e = 0; e < ELEMENTS; e++) sums[q][e] = 0.0f;
  }
  for (uint page = first / PAGE + simdgroup; page <= last / PAGE; page += ATTENTION_SIMDGROUPS) {
    const ulong block = (ulong(pages[tile.pages + page]) * shape.kv_heads + kv_head) * shape.head_dim * PAGE;
    device const Element* keys = key_pages + block;
    device const Element* values = value_pages + block;
    const uint position = page * PAGE + lane;
    float scores[QUERIES];
    for (ushort q = 0; q < QUERIES; q++) scores[q] = 0.0f;
    // What no token of the tile sees may be anything, NaN too: it is not read.
    if (position >= first && position <= last) {
      for (uint d = 0; d < shape.head_dim; d++) {
        const float key = float(keys[d * PAGE + lane]);
        for (ushort q = 0; q < QUERIES; q++) scores[q] = fma(query[q][d], key, scores[q]);
      }
    }
    float decay[QUERIES];
    for (ushort q = 0; q < QUERIES; q++) {
      const uint own = tile.position + q;
      const bool visible = q < tile.count && position <= own && position >= first_seen(own, shape.window);
      const float largest = max(maximum[q], simd_max(visible ? scores[q] : LOWEST));
      const float weight = visible ? precise::exp(scores[q] - largest) : 0.0f;
      decay[q] = precise::exp(maximum[q] - largest);
      weights[simdgroup][q][lane] = weight;
      total[q] = total[q] * decay[q] + simd_sum(weight);
      maximum[q] = largest;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    const uint begin = max(first, page * PAGE) - page * PAGE;
    const uint end = min(last - page * PAGE, uint(PAGE - 1));
    for (ushort e = 0; e < ELEMENTS; e++) {
      const uint d = e * 32 + lane;
      if (d < shape.head_dim) {
        for (ushort q = 0; q < QUERIES; q++) sums[q][e] *= decay[q];
        for (uint j = begin; j <= end; j++) {
          const float value = float(values[j * shape.head_dim + d]);
          for (ushort q = 0; q < QUERIES; q++) sums[q][e] = fma(weights[simdgroup][q][j], value, sums[q][e]);
        }
      }
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }

  for (ushort q = 0; q < tile.count; q++) {
    if (lane == 0) {
      maxima[simdgroup] = maximum[q];
      totals[simdgroup] = total[q];
    }
    for (ushort e = 0; e < ELEMENTS; e++) mixed[simdgroup][e * 32 + lane] = sums[q][e];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    float largest = LOWEST;
    for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) largest = max(largest, maxima[s]);
    float all = 0.0f;
    for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) all += totals[s] * precise::exp(maxima[s] - largest);
    device float* to = out + ulong(tile.first + q) * stride + head * shape.head_dim;
    for (uint d = thread_index; d < shape.head_dim; d += ATTENTION_SIMDGROUPS * 32) {
      float sum = 0.0f;
      for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) sum += mixed[s][d] * precise::exp(maxima[s] - largest);
      to[d] = sum / all;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}

#define INSTANTIATE_HEADS(elements)                                       \
  INSTANTIATE(attend_##elements##_1_f32, attend<float, elements, 1>)      \
  INSTANTIATE(attend_##elements##_8_f32, attend<float, elements, 8>)      \
  INSTANTIATE(attend_##elements##_1_f16, attend<half, elements, 1>)       \
  INSTANTIATE(attend_##elements##_8_f16, attend<half, elements, 8>)

INSTANTIATE_HEADS(1)
INSTANTIATE_HEADS(2)
INSTANTIATE_HEADS(4)
INSTANTIATE_HEADS(8)
