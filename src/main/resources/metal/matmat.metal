// out = x · wᵀ for many columns (tokens): prompts and large batches. A threadgroup computes a tile of TILE_ROWS rows of
// the weight by TILE_COLUMNS columns: it brings TILE_DEPTH elements of each to threadgroup memory, in half precision
// where the weight has no more, and multiplies them as 8x8 matrices. Its four simdgroups take a quarter each.

constant ushort TILE_ROWS = 64;
constant ushort TILE_COLUMNS = 32;
constant ushort TILE_DEPTH = 32;
constant ushort MATMAT_THREADS = 128;

struct MatmulShape {
  uint rows;       // of the weight: columns of out
  uint cols;       // of the weight, and of x
  uint row_bytes;  // from one row of the weight to the next
  uint columns;    // tokens
};

// Elements k to k + 7 of a row, zero where the row does not exist or has ended.
template <typename Elements>
void read_eight(device const uchar* row, bool exists, uint k, uint cols, thread float* out) {
  if (exists && k + RUN <= cols) {
    Elements::eight(row, k, out);
  } else {
    for (ushort i = 0; i < RUN; i++) out[i] = exists && k + i < cols ? Elements::one(row, k + i) : 0.0f;
  }
}

kernel void matmat(device const uchar* w [[buffer(0)]],
                   device const float* x [[buffer(1)]],
                   device float* out [[buffer(2)]],
                   constant MatmulShape& shape [[buffer(3)]],
                   uint2 group [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  typedef Format::tile T;
  threadgroup T weights[TILE_ROWS * TILE_DEPTH];
  threadgroup T inputs[TILE_COLUMNS * TILE_DEPTH];
  threadgroup float results[TILE_COLUMNS * TILE_ROWS];
  const uint first_row = group.x * TILE_ROWS;
  const uint first_column = group.y * TILE_COLUMNS;
  const ushort row_half = simdgroup / 2 * (TILE_ROWS / 2);
  const ushort column_half = simdgroup % 2 * (TILE_COLUMNS / 2);
  simdgroup_matrix<float, 8, 8> sums[2][4];
  for (ushort i = 0; i < 2; i++) {
    for (ushort j = 0; j < 4; j++) sums[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  }

  // What this thread brings: half a row of the weights' tile, a quarter of a row of the inputs' tile.
  const ushort weight_row = thread_index / 2;
  const ushort weight_k = thread_index % 2 * (2 * RUN);
  const ushort input_row = thread_index / 4;
  const ushort input_k = thread_index % 4 * RUN;
  const bool weight_exists = first_row + weight_row < shape.rows;
  const bool input_exists = first_column + input_row < shape.columns;
  device const uchar* weight = w + ulong(first_row + weight_row) * shape.row_bytes;
  device const uchar* input = (device const uchar*)(x + ulong(first_column + input_row) * shape.cols);
  for (uint k = 0; k < shape.cols; k += TILE_DEPTH) {
    float elements[RUN];
    for (ushort part = 0; part < 2 * RUN; part += RUN) {
      read_eight<Format>(weight, weight_exists, k + weight_k + part, shape.cols, elements);
      for (ushort i = 0; i < RUN; i++) weights[weight_row * TILE_DEPTH + weight_k + part + i] = T(elements[i]);
    }
    read_eight<F32>(input, input_exists, k + input_k, shape.cols, elements);
    for (ushort i = 0; i < RUN; i++) inputs[input_row * TILE_DEPTH + input_k + i] = T(elements[i]);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort d = 0; d < TILE_DEPTH; d += 8) {
      simdgroup_matrix<T, 8, 8> left[2];
      simdgroup_matrix<T, 8, 8> right[4];
      for (ushort i = 0; i < 2; i++) {
        simdgroup_load(left[i], inputs + (column_half + i * 8) * TILE_DEPTH + d, TILE_DEPTH);
      }
      for (ushort j = 0; j < 4; j++) {
        simdgroup_load(right[j], weights + (row_half + j * 8) * TILE_DEPTH + d, TILE_DEPTH, ulong2(0, 0), true);
      }
      for (ushort i = 0; i < 2; i++) {
        for (ushort j = 0; j < 4; j++) simdgroup_multiply_accumulate(sums[i][j], left[i], right[j], sums[i][j]);
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  for (ushort i = 0; i < 2; i++) {
    for (ushort j = 0; j < 4; j++) {
      simdgroup_store(sums[i][j], results + (column_half + i * 8) * TILE_ROWS + row_half + j * 8, TILE_ROWS);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (ushort i = thread_index; i < TILE_COLUMNS * TILE_ROWS; i += MATMAT_THREADS) {
    const uint row = first_row + i % TILE_ROWS;
    const uint column = first_column + i / TILE_ROWS;
    if (row < shape.rows && column < shape.columns) out[ulong(column) * shape.rows + row] = results[i];
  }
}
