// Products of many columns (tokens): prompts and large batches. A threadgroup computes a tile of TILE_ROWS rows by COLUMNS
// columns: it brings TILE_DEPTH elements of each to threadgroup memory, in half precision where the weight has no more,
// and multiplies them as 8x8 matrices. Each of its four simdgroups takes a quarter of the rows.

constant ushort TILE_ROWS = 64;
constant ushort TILE_DEPTH = 32;
constant ushort MATMAT_THREADS = 128;

// Elements k to k + 7 of a row, zero where the row does not exist or has ended.
template <typename Elements>
void read_eight(device const uchar* row, bool exists, uint k, uint cols, thread float* out) {
  if (exists && k + RUN <= cols) {
    Elements::eight(row, k, out);
  } else {
    for (ushort i = 0; i < RUN; i++) out[i] = exists && k + i < cols ? Elements::one(row, k + i) : 0.0f;
  }
}

template <ushort COLUMNS>
kernel void matmat(device const uchar* a [[buffer(0)]],
                   device const uchar* b [[buffer(1)]],
                   device const uchar* c [[buffer(2)]],
                   device const float* x [[buffer(3)]],
                   device float* out_a [[buffer(4)]],
                   device float* out_b [[buffer(5)]],
                   device float* out_c [[buffer(6)]],
                   constant ProductShape& shape [[buffer(7)]],
                   uint2 group [[threadgroup_position_in_grid]],
                   ushort thread_index [[thread_index_in_threadgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  typedef Format::tile T;
  threadgroup T weights[TILE_ROWS * TILE_DEPTH];
  threadgroup T inputs[COLUMNS * TILE_DEPTH];
  threadgroup float results[COLUMNS * TILE_ROWS];
  const Rows rows = rows_of(group.x, TILE_ROWS, a, b, c, out_a, out_b, out_c, shape);
  const uint first_column = group.y * COLUMNS;
  const ushort quarter = simdgroup * (TILE_ROWS / 4);
  simdgroup_matrix<float, 8, 8> sums[COLUMNS / 8][2];
  for (ushort i = 0; i < COLUMNS / 8; i++) {
    for (ushort j = 0; j < 2; j++) sums[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  }

  // What this thread brings: half a row of the weights' tile, a quarter of a row of the inputs' tile while there are rows.
  const ushort weight_row = thread_index / 2;
  const ushort weight_k = thread_index % 2 * (2 * RUN);
  const ushort input_row = thread_index / 4;
  const ushort input_k = thread_index % 4 * RUN;
  const bool weight_exists = rows.first + weight_row % taken(TILE_ROWS) < rows.count;
  const bool input_exists = first_column + input_row < shape.columns;
  device const uchar* weight = row_at(rows, weight_row, TILE_ROWS, shape);
  device const uchar* input = (device const uchar*)(x + ulong(first_column + input_row) * shape.cols);
  for (uint k = 0; k < shape.cols; k += TILE_DEPTH) {
    float elements[RUN];
    for (ushort part = 0; part < 2 * RUN; part += RUN) {
      read_eight<Format>(weight, weight_exists, k + weight_k + part, shape.cols, elements);
      for (ushort i = 0; i < RUN; i++) weights[weight_row * TILE_DEPTH + weight_k + part + i] = T(elements[i]);
    }
    if (input_row < COLUMNS) {
      read_eight<F32>(input, input_exists, k + input_k, shape.cols, elements);
      for (ushort i = 0; i < RUN; i++) inputs[input_row * TILE_DEPTH + input_k + i] = T(elements[i]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort d = 0; d < TILE_DEPTH; d += 8) {
      simdgroup_matrix<T, 8, 8> left[COLUMNS / 8];
      simdgroup_matrix<T, 8, 8> right[2];
      for (ushort i = 0; i < COLUMNS / 8; i++) simdgroup_load(left[i], inputs + i * 8 * TILE_DEPTH + d, TILE_DEPTH);
      for (ushort j = 0; j < 2; j++) {
        simdgroup_load(right[j], weights + (quarter + j * 8) * TILE_DEPTH + d, TILE_DEPTH, ulong2(0, 0), true);
      }
      for (ushort i = 0; i < COLUMNS / 8; i++) {
        for (ushort j = 0; j < 2; j++) simdgroup_multiply_accumulate(sums[i][j], left[i], right[j], sums[i][j]);
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  for (ushort i = 0; i < COLUMNS / 8; i++) {
    for (ushort j = 0; j < 2; j++) simdgroup_store(sums[i][j], results + i * 8 * TILE_ROWS + quarter + j * 8, TILE_ROWS);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (ushort i = thread_index; i < COLUMNS * taken(TILE_ROWS); i += MATMAT_THREADS) {
    const ushort r = i % taken(TILE_ROWS);
    const ushort j = i / taken(TILE_ROWS);
    if (rows.first + r < rows.count && first_column + j < shape.columns) {
      const float result = results[j * TILE_ROWS + r];
      rows.out[ulong(first_column + j) * rows.count + rows.first + r] =
          GATED ? silu(result) * results[j * TILE_ROWS + TILE_ROWS / 2 + r] : result;
    }
  }
}

INSTANTIATE(matmat_16, matmat<16>)
INSTANTIATE(matmat_32, matmat<32>)
