// How the KV cache stores keys and values: for each page, head and layer a block of keys and a block of values, in two
// buffers. Every kernel reads and writes them through these, for the Format that the cache has.

// Positions in a page, as many as lanes in a simdgroup.
constant ushort PAGE = 32;

// Elements of a key that stand together: a run of every position, then the next run of every position. When scores are
// computed lanes are positions, and each loads a run.
constant ushort KEY_RUN = 4;

// Heads are stored with zeros up to a whole number of these.
constant ushort STRIDE = 8;

// Elements of a head as it is stored.
inline uint stored(uint head_dim) { return (head_dim + STRIDE - 1) / STRIDE * STRIDE; }

inline uint key_index(uint element, uint position) {
  return (element / KEY_RUN * PAGE + position) * KEY_RUN + element % KEY_RUN;
}

inline uint value_index(uint element, uint position, uint head_dim) { return position * stored(head_dim) + element; }

template <typename Element, typename Four>
struct PlainBlock {
  static ulong bytes(uint head_dim) { return ulong(stored(head_dim)) * PAGE * sizeof(Element); }

  // A factor of elements span · 32 to span · 32 + 31 of a position.
  static float scale(device const uchar* block, uint head_dim, uint span, uint position) { return 1.0f; }

  static float4 key_run(device const uchar* block, uint run, uint position) {
    return float4(((device const Four*)block)[run * PAGE + position]);
  }

  static float one(device const uchar* block, uint index) { return float(((device const Element*)block)[index]); }

  // Element `element` of a position, to stand at `index`.
  static void put(device uchar* block, uint head_dim, uint element, uint position, uint index, float x) {
    ((device Element*)block)[index] = Element(x);
  }
};

// Signed bytes, all of the block; then an f16 scale for each span of 32 elements and each position.
struct QuantizedBlock {
  static ulong bytes(uint head_dim) { return ulong(head_dim) * PAGE + head_dim / 32 * PAGE * sizeof(half); }

  static float scale(device const uchar* block, uint head_dim, uint span, uint position) {
    return float(((device const half*)(block + head_dim * PAGE))[span * PAGE + position]);
  }

  static float4 key_run(device const uchar* block, uint run, uint position) {
    return float4(((device const char4*)block)[run * PAGE + position]);
  }

  static float one(device const uchar* block, uint index) { return float(((device const char*)block)[index]); }

  // The lanes of a simdgroup bring the 32 elements of a span. A scale that is not finite keeps what is not finite.
  static void put(device uchar* block, uint head_dim, uint element, uint position, uint index, float x) {
    const float scale = simd_max(fabs(x)) / 127.0f;
    const float quant = scale > 0.0f ? rint(x / scale) : 0.0f;
    ((device char*)block)[index] = char(clamp(quant, -127.0f, 127.0f));
    if (element % 32 == 0) {
      ((device half*)(block + head_dim * PAGE))[element / 32 * PAGE + position] = half(scale);
    }
  }
};

template <typename Type>
struct BlockOf;

template <>
struct BlockOf<F32> {
  typedef PlainBlock<float, float4> type;
};

template <>
struct BlockOf<F16> {
  typedef PlainBlock<half, half4> type;
};

template <>
struct BlockOf<Q8_0> {
  typedef QuantizedBlock type;
};

typedef BlockOf<Format>::type Block;

// Where the block of a head in a page begins.
inline ulong block_at(uint page, uint head, uint kv_heads, uint head_dim) {
  return (ulong(page) * kv_heads + head) * Block::bytes(head_dim);
}
