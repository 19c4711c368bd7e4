// How the types of weights store the elements of a row. Every kernel reads weights through these, so each layout is
// written once; what the bytes mean is defined by Dequantizer. `one` reads element k; `eight` reads elements k to k + 7,
// where k is a multiple of 8. Rows begin at multiples of 2 bytes (4 where blocks are whole words), no more is promised.
// A family of kernels is compiled for one format at a time, which it knows as Format.

#include <metal_stdlib>
using namespace metal;

// Elements that a lane takes at a time. Every block holds a whole number of them.
constant ushort RUN = 8;

struct F32 {
  static constant constexpr ushort BYTES = 4;
  // What a tile of a matrix product holds: half where the weight's own precision allows.
  typedef float tile;

  static float one(device const uchar* row, uint k) { return ((device const float*)row)[k]; }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const float* from = (device const float*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = from[i];
  }
};

struct F16 {
  static constant constexpr ushort BYTES = 2;
  typedef half tile;

  static float one(device const uchar* row, uint k) { return float(((device const half*)row)[k]); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const half* from = (device const half*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = float(from[i]);
  }
};

struct BF16 {
  static constant constexpr ushort BYTES = 2;
  typedef float tile;  // half has not the range

  static float one(device const uchar* row, uint k) {
    return as_type<float>(uint(((device const ushort*)row)[k]) << 16);
  }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const ushort* from = (device const ushort*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = as_type<float>(uint(from[i]) << 16);
  }
};

// Element k of a format that has no shorter way to it.
template <typename Blocks>
inline float one_of_eight(device const uchar* row, uint k) {
  float run[RUN];
  Blocks::eight(row, k / RUN * RUN, run);
  return run[k % RUN];
}

// ggml's small blocks: 32 elements under one scale. Nibbles are in pairs, element i low, element i + 16 high.
inline void nibbles(device const uchar* pairs, uint k, thread float* out) {
  device const uchar* from = pairs + k % 16;
  const ushort shift = k % 32 / 16 * 4;
  for (ushort i = 0; i < RUN; i++) out[i] = float(from[i] >> shift & 15);
}

// The same with a fifth bit, of which a byte holds those of a run.
inline void nibbles_and_fifths(device const uchar* pairs, device const uchar* fifths, uint k, thread float* out) {
  nibbles(pairs, k, out);
  const uchar fifth = fifths[k % 32 / RUN];
  for (ushort i = 0; i < RUN; i++) out[i] += float((fifth >> i & 1) * 16);
}

struct Q8_0 {
  typedef half tile;

  struct Block {
    half scale;
    char elements[32];
  };

  static float one(device const uchar* row, uint k) {
    device const Block& block = ((device const Block*)row)[k / 32];
    return float(block.elements[k % 32]) * float(block.scale);
  }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    device const char* from = block.elements + k % 32;
    const float scale = float(block.scale);
    for (ushort i = 0; i < RUN; i++) out[i] = float(from[i]) * scale;
  }
};

struct Q4_0 {
  typedef half tile;

  struct Block {
    half scale;
    uchar pairs[16];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q4_0>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    const float scale = float(block.scale);
    nibbles(block.pairs, k, out);
    for (ushort i = 0; i < RUN; i++) out[i] = (out[i] - 8.0f) * scale;
  }
};

struct Q4_1 {
  typedef half tile;

  struct Block {
    half scale;
    half minimum;
    uchar pairs[16];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q4_1>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    const float scale = float(block.scale);
    const float minimum = float(block.minimum);
    nibbles(block.pairs, k, out);
    for (ushort i = 0; i < RUN; i++) out[i] = out[i] * scale + minimum;
  }
};

struct Q5_0 {
  typedef half tile;

  struct Block {
    half scale;
    uchar fifths[4];
    uchar pairs[16];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q5_0>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    const float scale = float(block.scale);
    nibbles_and_fifths(block.pairs, block.fifths, k, out);
    for (ushort i = 0; i < RUN; i++) out[i] = (out[i] - 16.0f) * scale;
  }
};

struct Q5_1 {
  typedef half tile;

  struct Block {
    half scale;
    half minimum;
    uchar fifths[4];
    uchar pairs[16];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q5_1>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    const float scale = float(block.scale);
    const float minimum = float(block.minimum);
    nibbles_and_fifths(block.pairs, block.fifths, k, out);
    for (ushort i = 0; i < RUN; i++) out[i] = out[i] * scale + minimum;
  }
};

// What the nibbles of the IQ4 types stand for.
constant float IQ4_TABLE[16] = {-127.0f, -104.0f, -83.0f, -65.0f, -49.0f, -35.0f, -22.0f, -10.0f,
                                1.0f,    13.0f,   25.0f,  38.0f,  53.0f,  69.0f,  89.0f,  113.0f};

struct IQ4_NL {
  typedef half tile;

  struct Block {
    half scale;
    uchar pairs[16];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<IQ4_NL>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 32];
    device const uchar* from = block.pairs + k % 16;
    const ushort shift = k % 32 / 16 * 4;
    const float scale = float(block.scale);
    for (ushort i = 0; i < RUN; i++) out[i] = IQ4_TABLE[from[i] >> shift & 15] * scale;
  }
};

// ggml's blocks of 256 elements, whose groups have scales that are themselves quantized.

// Two bits of elements k to k + 7: 32 bytes hold 128 elements, those that are 32 apart in one byte.
inline void two_bits(device const uchar* quants, uint k, thread uchar* out) {
  device const uchar* from = quants + k % 256 / 128 * 32 + k % 32;
  const ushort shift = k % 128 / 32 * 2;
  for (ushort i = 0; i < RUN; i++) out[i] = from[i] >> shift & 3;
}

struct Q2_K {
  typedef half tile;

  struct Block {
    uchar scales[16];
    uchar quants[64];
    half scale_factor;
    half minimum_factor;
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q2_K>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const uchar group = block.scales[k % 256 / 16];
    const float scale = float(block.scale_factor) * float(group & 15);
    const float minimum = float(block.minimum_factor) * float(group >> 4);
    uchar quants[RUN];
    two_bits(block.quants, k, quants);
    for (ushort i = 0; i < RUN; i++) out[i] = scale * float(quants[i]) - minimum;
  }
};

struct Q3_K {
  typedef half tile;

  struct Block {
    uchar thirds[32];
    uchar quants[64];
    uchar scales[12];
    half factor;
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q3_K>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const ushort group = k % 256 / 16;
    const ushort low = block.scales[group % 8] >> group / 8 * 4 & 15;
    const ushort high = block.scales[8 + group % 4] >> group / 4 * 2 & 3;
    const float scale = float(block.factor) * float(short(low | high << 4) - 32);
    device const uchar* thirds = block.thirds + k % 32;
    const ushort third = k % 256 / 32;
    uchar quants[RUN];
    two_bits(block.quants, k, quants);
    for (ushort i = 0; i < RUN; i++) {
      out[i] = scale * float(short(quants[i] | (thirds[i] >> third & 1) << 2) - 4);
    }
  }
};

// The scale (part 0) or minimum (part 4) of a group of 32 in Q4_K and Q5_K: for the first four groups the low six bits of
// a byte, for the others a nibble, and two bits that those bytes have left.
inline float six_bits(device const uchar* scales, ushort group, ushort part) {
  if (group < 4) return float(scales[part + group] & 63);
  return float((scales[4 + group] >> part & 15) | scales[part + group - 4] >> 6 << 4);
}

struct Q4_K {
  typedef half tile;

  struct Block {
    half scale_factor;
    half minimum_factor;
    uchar scales[12];
    uchar pairs[128];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q4_K>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const ushort group = k % 256 / 32;
    const float scale = float(block.scale_factor) * six_bits(block.scales, group, 0);
    const float minimum = float(block.minimum_factor) * six_bits(block.scales, group, 4);
    device const uchar* from = block.pairs + group / 2 * 32 + k % 32;
    const ushort shift = group % 2 * 4;
    for (ushort i = 0; i < RUN; i++) out[i] = scale * float(from[i] >> shift & 15) - minimum;
  }
};

struct Q5_K {
  typedef half tile;

  struct Block {
    half scale_factor;
    half minimum_factor;
    uchar scales[12];
    uchar fifths[32];
    uchar pairs[128];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q5_K>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const ushort group = k % 256 / 32;
    const float scale = float(block.scale_factor) * six_bits(block.scales, group, 0);
    const float minimum = float(block.minimum_factor) * six_bits(block.scales, group, 4);
    device const uchar* from = block.pairs + group / 2 * 32 + k % 32;
    device const uchar* fifths = block.fifths + k % 32;
    const ushort shift = group % 2 * 4;
    for (ushort i = 0; i < RUN; i++) {
      out[i] = scale * float((from[i] >> shift & 15) | (fifths[i] >> group & 1) << 4) - minimum;
    }
  }
};

struct Q6_K {
  typedef half tile;

  struct Block {
    uchar low[128];
    uchar high[64];
    char scales[16];
    half factor;
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<Q6_K>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const float scale = float(block.factor) * float(block.scales[k % 256 / 16]);
    device const uchar* from = block.low + k % 256 / 128 * 64 + k % 64;
    const ushort shift = k % 128 / 64 * 4;
    uchar high[RUN];
    two_bits(block.high, k, high);
    for (ushort i = 0; i < RUN; i++) {
      out[i] = scale * float(short((from[i] >> shift & 15) | high[i] << 4) - 32);
    }
  }
};

struct IQ4_XS {
  typedef half tile;

  struct Block {
    half factor;
    ushort high_scales;
    uchar low_scales[4];
    uchar pairs[128];
  };

  static float one(device const uchar* row, uint k) { return one_of_eight<IQ4_XS>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const Block& block = ((device const Block*)row)[k / 256];
    const ushort group = k % 256 / 32;
    const ushort low = block.low_scales[group / 2] >> group % 2 * 4 & 15;
    const ushort high = block.high_scales >> group * 2 & 3;
    const float scale = float(block.factor) * float(short(low | high << 4) - 32);
    device const uchar* from = block.pairs + group * 16 + k % 16;
    const ushort shift = k % 32 / 16 * 4;
    for (ushort i = 0; i < RUN; i++) out[i] = scale * IQ4_TABLE[from[i] >> shift & 15];
  }
};

// MLX's affine quantization: groups of a scale, a bias, and quants in one stream of bits, of which a run takes BITS bytes.
template <ushort BITS, ushort GROUP, typename Scales>
struct Affine {
  typedef typename Scales::tile tile;

  static constant constexpr ushort FACTORS = 2 * Scales::BYTES;
  static constant constexpr ushort BLOCK = FACTORS + GROUP / 8 * BITS;

  static float one(device const uchar* row, uint k) { return one_of_eight<Affine>(row, k); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const uchar* block = row + k / GROUP * BLOCK;
    const float scale = Scales::one(block, 0);
    const float bias = Scales::one(block, 1);
    device const uchar* from = block + FACTORS + k % GROUP / RUN * BITS;
    for (ushort first = 0; first < RUN; first += 4) {
      // Four quants reach over at most four bytes.
      const ushort bit = first * BITS;
      uint word = 0;
      for (ushort i = 0; 8 * i < bit % 8 + 4 * BITS; i++) word |= uint(from[bit / 8 + i]) << 8 * i;
      word >>= bit % 8;
      for (ushort i = 0; i < 4; i++) out[first + i] = float(word >> i * BITS & ((1u << BITS) - 1)) * scale + bias;
    }
  }
};

// INSTANTIATE(name, function<arguments>) makes a kernel of a template.
#define STRING(text) #text
#define HOST_NAME(name) [[host_name(STRING(name))]]
#define INSTANTIATE(name, ...)              \
  typedef decltype(__VA_ARGS__) name##_type; \
  template HOST_NAME(name) kernel name##_type __VA_ARGS__;
