// How the types of weights store the elements of a row. Every kernel reads weights through these, so each layout is
// written once. `one` reads element k; `eight` reads elements k to k + 7, where k is a multiple of 8. Rows begin at
// multiples of 2 bytes (4 for F32), no more is promised.

#include <metal_stdlib>
using namespace metal;

// Elements that a lane takes at a time. Every block holds a whole number of them.
constant ushort RUN = 8;

struct F32 {
  // What a tile of a matrix product holds: half where the weight's own precision allows.
  typedef float tile;

  static float one(device const uchar* row, uint k) { return ((device const float*)row)[k]; }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const float* from = (device const float*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = from[i];
  }
};

struct F16 {
  typedef half tile;

  static float one(device const uchar* row, uint k) { return float(((device const half*)row)[k]); }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const half* from = (device const half*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = float(from[i]);
  }
};

struct BF16 {
  typedef float tile;  // half has not the range

  static float one(device const uchar* row, uint k) {
    return as_type<float>(uint(((device const ushort*)row)[k]) << 16);
  }

  static void eight(device const uchar* row, uint k, thread float* out) {
    device const ushort* from = (device const ushort*)row + k;
    for (ushort i = 0; i < RUN; i++) out[i] = as_type<float>(uint(from[i]) << 16);
  }
};

// ggml's blocks of 32: a scale, then the elements.
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

// INSTANTIATE(name, function<arguments>) makes a kernel of a template; INSTANTIATE_FORMATS(embed) makes embed_f32, … from
// embed<F32>, …
#define STRING(text) #text
#define HOST_NAME(name) [[host_name(STRING(name))]]
#define INSTANTIATE(name, ...)              \
  typedef decltype(__VA_ARGS__) name##_type; \
  template HOST_NAME(name) kernel name##_type __VA_ARGS__;

#define INSTANTIATE_FORMATS(function)           \
  INSTANTIATE(function##_f32, function<F32>)    \
  INSTANTIATE(function##_f16, function<F16>)    \
  INSTANTIATE(function##_bf16, function<BF16>)  \
  INSTANTIATE(function##_q8_0, function<Q8_0>)
