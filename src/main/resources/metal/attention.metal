// Causal attention over the paged KV cache, with an online softmax (Milakov and Gimelshein, 2018).
//
// A threadgroup serves a tile: up to QUERIES rows of queries that share a key-value head, each a token of one sequence and
// one of the query heads that read this head. So a decoding token reads each key and value once for all of its heads, and
// a prompt for several tokens. The simdgroups of a threadgroup take turns at the pages of the tile and keep a softmax each;
// these are joined at the end. A lane is a key when scores are computed, and elements of the head when values are mixed.
// A tile may cover a part of what its queries see; what the parts come to is joined by a dispatch of its own.

constant ushort ATTENTION_SIMDGROUPS = 4;

// Rows in the result of a part.
constant ushort MOST_QUERIES = 8;

// The initial maximum. Fast math knows no infinities; the half of the largest number can still be subtracted.
constant float LOWEST = -FLT_MAX / 2;

constant uint WHOLE = 0xffffffffu;

struct AttentionShape {
  uint heads;
  uint kv_heads;
  uint head_dim;
  uint window;  // positions that a token sees, its own included; 0 for all
  float scale;
};

struct Tile {
  uint row;       // the first: token of the batch · query heads of a key-value head + head
  uint count;     // rows
  uint position;  // of the token of the first row
  uint pages;     // where the pages of the sequence begin in the list of pages
  uint begin;     // first page that is read, counted in the sequence
  uint end;       // behind the last
  uint part;      // number of the part, or WHOLE
};

// Parts of the same rows.
struct Parts {
  uint row;
  uint count;  // rows
  uint first;  // number of the first part
  uint parts;
};

// The first position that a token sees.
inline uint first_seen(uint position, uint window) {
  return window == 0 || position < window ? 0 : position - window + 1;
}

// Where a row of queries or of results begins.
inline ulong row_at(uint row, uint kv_head, constant AttentionShape& shape) {
  const uint group = shape.heads / shape.kv_heads;
  return (ulong(row / group) * shape.heads + kv_head * group + row % group) * shape.head_dim;
}

// Where a row of the result of a part begins: the mixed values, then the maximum and the total of its softmax.
inline ulong part_at(uint part, uint row, uint kv_head, constant AttentionShape& shape) {
  return ((ulong(part) * shape.kv_heads + kv_head) * MOST_QUERIES + row) * (shape.head_dim + 2);
}

// ELEMENTS · 32 is at least head_dim; a lane has ELEMENTS that stand together.
template <ushort ELEMENTS, ushort QUERIES>
kernel void attend(device const float* queries [[buffer(0)]],
                   device const uchar* key_blocks [[buffer(1)]],
                   device const uchar* value_blocks [[buffer(2)]],
                   device const Tile* tiles [[buffer(3)]],
                   device const uint* pages [[buffer(4)]],
                   device float* out [[buffer(5)]],
                   device float* results [[buffer(6)]],
                   constant AttentionShape& shape [[buffer(7)]],
                   uint2 place [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 query[QUERIES][ELEMENTS * 8];
  threadgroup float weights[ATTENTION_SIMDGROUPS][32][QUERIES];
  threadgroup float maxima[ATTENTION_SIMDGROUPS];
  threadgroup float totals[ATTENTION_SIMDGROUPS];
  threadgroup float mixed[ATTENTION_SIMDGROUPS][ELEMENTS * 32];
  const uint kv_head = place.x;
  const Tile tile = tiles[place.y];
  const uint group = shape.heads / shape.kv_heads;
  for (ushort q = 0; q < QUERIES; q++) {
    device const float* from = queries + row_at(tile.row + q, kv_head, shape);
    for (uint i = thread_index; i < ELEMENTS * 32; i += ATTENTION_SIMDGROUPS * 32) {
      query[q][i / 4][i % 4] = q < tile.count && i < shape.head_dim ? from[i] * shape.scale : 0.0f;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  uint own[QUERIES];  // positions
  float maximum[QUERIES];
  float total[QUERIES];
  float sums[QUERIES][ELEMENTS];
  for (ushort q = 0; q < QUERIES; q++) {
    own[q] = tile.position + (tile.row + q) / group - tile.row / group;
    maximum[q] = LOWEST;
    total[q] = 0.0f;
    for (ushort e = 0; e < ELEMENTS; e++) sums[q][e] = 0.0f;
  }
  const uint first = first_seen(tile.position, shape.window);
  const uint last = tile.position + (tile.row + tile.count - 1) / group - tile.row / group;
  const uint runs = (shape.head_dim + KEY_RUN - 1) / KEY_RUN;
  const uint element = lane * ELEMENTS;
  for (uint page = tile.begin + simdgroup; page < tile.end; page += ATTENTION_SIMDGROUPS) {
    const ulong block = block_at(pages[tile.pages + page], kv_head, shape.kv_heads, shape.head_dim);
    device const uchar* keys = key_blocks + block;
    device const uchar* values = value_blocks + block;
    const uint position = page * PAGE + lane;
    float scores[QUERIES];
    for (ushort q = 0; q < QUERIES; q++) scores[q] = 0.0f;
    // What no row of the tile sees may be anything, NaN too: it is not read.
    if (position >= first && position <= last) {
      for (uint from = 0; from < runs; from += 8) {
        const float scale = Block::scale(keys, shape.head_dim, from / 8, lane);
        for (uint run = from; run < min(from + 8, runs); run++) {
          const float4 key = Block::key_run(keys, run, lane) * scale;
          for (ushort q = 0; q < QUERIES; q++) scores[q] += dot(query[q][run], key);
        }
      }
    }
    for (ushort q = 0; q < QUERIES; q++) {
      const bool visible = q < tile.count && position <= own[q] && position >= first_seen(own[q], shape.window);
      const float largest = max(maximum[q], simd_max(visible ? scores[q] : LOWEST));
      const float weight = visible ? precise::exp(scores[q] - largest) : 0.0f;
      const float decay = precise::exp(maximum[q] - largest);
      weights[simdgroup][lane][q] = weight;
      total[q] = total[q] * decay + simd_sum(weight);
      maximum[q] = largest;
      for (ushort e = 0; e < ELEMENTS; e++) sums[q][e] *= decay;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    if (element < shape.head_dim) {
      const uint begin = max(first, page * PAGE) - page * PAGE;
      const uint end = min(last - page * PAGE, uint(PAGE - 1));
      for (uint j = begin; j <= end; j++) {
        const float scale = Block::scale(values, shape.head_dim, element / 32, j);
        const uint at = value_index(element, j, shape.head_dim);
        for (ushort e = 0; e < ELEMENTS; e++) {
          const float value = Block::one(values, at + e) * scale;
          for (ushort q = 0; q < QUERIES; q++) sums[q][e] = fma(weights[simdgroup][j][q], value, sums[q][e]);
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
    for (ushort e = 0; e < ELEMENTS; e++) mixed[simdgroup][element + e] = sums[q][e];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    float largest = LOWEST;
    for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) largest = max(largest, maxima[s]);
    float all = 0.0f;
    for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) all += totals[s] * precise::exp(maxima[s] - largest);
    const bool whole = tile.part == WHOLE;
    device float* to =
        whole ? out + row_at(tile.row + q, kv_head, shape) : results + part_at(tile.part, q, kv_head, shape);
    for (uint d = thread_index; d < shape.head_dim; d += ATTENTION_SIMDGROUPS * 32) {
      float sum = 0.0f;
      for (ushort s = 0; s < ATTENTION_SIMDGROUPS; s++) sum += mixed[s][d] * precise::exp(maxima[s] - largest);
      to[d] = whole ? sum / all : sum;
    }
    if (!whole && thread_index == 0) {
      to[shape.head_dim] = largest;
      to[shape.head_dim + 1] = all;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}

// Joins the parts of rows, a threadgroup for the rows of a key-value head, a simdgroup for a row at a time.
kernel void join(device const float* results [[buffer(0)]],
                 device const Parts* table [[buffer(1)]],
                 device float* out [[buffer(2)]],
                 constant AttentionShape& shape [[buffer(3)]],
                 uint2 place [[threadgroup_position_in_grid]],
                 ushort lane [[thread_index_in_simdgroup]],
                 ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  const uint kv_head = place.x;
  const Parts parts = table[place.y];
  for (uint q = simdgroup; q < parts.count; q += ATTENTION_SIMDGROUPS) {
    float largest = LOWEST;
    for (uint p = 0; p < parts.parts; p++) {
      largest = max(largest, results[part_at(parts.first + p, q, kv_head, shape) + shape.head_dim]);
    }
    float all = 0.0f;
    for (uint p = 0; p < parts.parts; p++) {
      device const float* softmax = results + part_at(parts.first + p, q, kv_head, shape) + shape.head_dim;
      all += softmax[1] * precise::exp(softmax[0] - largest);
    }
    device float* to = out + row_at(parts.row + q, kv_head, shape);
    for (uint d = lane; d < shape.head_dim; d += 32) {
      float sum = 0.0f;
      for (uint p = 0; p < parts.parts; p++) {
        device const float* from = results + part_at(parts.first + p, q, kv_head, shape);
        sum += from[d] * precise::exp(from[shape.head_dim] - largest);
      }
      to[d] = sum / all;
    }
  }
}

#define INSTANTIATE_HEADS(elements)                                \
  INSTANTIATE(attend_##elements##_1, attend<elements, 1>)          \
  INSTANTIATE(attend_##elements##_2, attend<elements, 2>)          \
  INSTANTIATE(attend_##elements##_4, attend<elements, 4>)          \
  INSTANTIATE(attend_##elements##_8, attend<elements, 8>)

INSTANTIATE_HEADS(1)
INSTANTIATE_HEADS(2)
INSTANTIATE_HEADS(4)
INSTANTIATE_HEADS(8)
