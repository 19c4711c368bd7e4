// Rotary position embedding.

// Elements 2i and 2i + 1 of a head form a pair, else i and i + pairs.
constant bool INTERLEAVED [[function_constant(0)]];

struct RopeShape {
  uint cols;      // of x: heads · head_dim
  uint head_dim;
  uint pairs;     // that are rotated in each head
};

// Rotates x in place, one thread per pair. The turns, {cosine, sine} for each token and pair, come from the CPU: they
// need more than f32 where positions are large, and are the same for all layers.
kernel void rope(device float* x [[buffer(0)]],
                 device const float2* turns [[buffer(1)]],
                 constant RopeShape& shape [[buffer(2)]],
                 uint3 at [[thread_position_in_grid]]) {
  const uint pair = at.x;
  const uint head = at.y;
  const uint token = at.z;
  const uint first = INTERLEAVED ? 2 * pair : pair;
  const uint second = first + (INTERLEAVED ? 1 : shape.pairs);
  device float* elements = x + ulong(token) * shape.cols + head * shape.head_dim;
  const float2 turn = turns[token * shape.pairs + pair];
  const float a = elements[first];
  const float b = elements[second];
  elements[first] = a * turn.x - b * turn.y;
  elements[second] = a * turn.y + b * turn.x;
}
