// Rotary position embedding, and the way of keys and values into the cache.

// Elements 2i and 2i + 1 of a head form a pair, else i and i + pairs.
constant bool INTERLEAVED [[function_constant(0)]];

struct RopeShape {
  uint heads;
  uint kv_heads;
  uint head_dim;
  uint pairs;  // that are rotated in each head
};

// The lanes of a simdgroup rotate a head in place. The turns, {cosine, sine} for each token and pair, come from the CPU:
// they need more than f32 where positions are large, and are the same for all layers.
inline void rotate(device float* head, device const float2* turns, uint pairs, ushort lane) {
  for (uint pair = lane; pair < pairs; pair += 32) {
    const uint first = INTERLEAVED ? 2 * pair : pair;
    const uint second = first + (INTERLEAVED ? 1 : pairs);
    const float2 turn = turns[pair];
    const float a = head[first];
    const float b = head[second];
    head[first] = a * turn.x - b * turn.y;
    head[second] = a * turn.y + b * turn.x;
  }
}

// A simdgroup for each head of each token's queries, keys and values: rotates queries and keys, and copies keys and values
// to the slots of their tokens (page · PAGE + position in the page).
kernel void rotate_and_store(device float* queries [[buffer(0)]],
                             device float* keys [[buffer(1)]],
                             device const float* values [[buffer(2)]],
                             device const float2* turns [[buffer(3)]],
                             device uchar* key_blocks [[buffer(4)]],
                             device uchar* value_blocks [[buffer(5)]],
                             device const uint* slots [[buffer(6)]],
                             constant RopeShape& shape [[buffer(7)]],
                             uint2 group [[threadgroup_position_in_grid]],
                             ushort lane [[thread_index_in_simdgroup]]) {
  const uint token = group.y;
  device const float2* turn = turns + ulong(token) * shape.pairs;
  if (group.x < shape.heads) {
    rotate(queries + (ulong(token) * shape.heads + group.x) * shape.head_dim, turn, shape.pairs, lane);
  } else {
    const bool is_key = group.x < shape.heads + shape.kv_heads;
    const uint head = group.x - shape.heads - (is_key ? 0 : shape.kv_heads);
    const ulong at = (ulong(token) * shape.kv_heads + head) * shape.head_dim;
    if (is_key) {
      rotate(keys + at, turn, shape.pairs, lane);
      simdgroup_barrier(mem_flags::mem_device);
    }
    device const float* from = is_key ? keys + at : values + at;
    const uint position = slots[token] % PAGE;
    device uchar* block =
        (is_key ? key_blocks : value_blocks) + block_at(slots[token] / PAGE, head, shape.kv_heads, shape.head_dim);
    for (uint element = lane; element < stored(shape.head_dim); element += 32) {
      const uint index = is_key ? key_index(element, position) : value_index(element, position, shape.head_dim);
      Block::put(block, shape.head_dim, element, position, index, element < shape.head_dim ? from[element] : 0.0f);
    }
  }
}
