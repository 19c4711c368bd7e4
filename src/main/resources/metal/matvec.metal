// out = x · wᵀ for one to eight columns (tokens): decoding. The weight is read once, whatever the number of columns, so
// time goes with its bytes. Each simdgroup takes ROWS rows of the weight; its lanes share the elements of a row, eight
// at a time.

constant ushort MATVEC_SIMDGROUPS = 2;
constant ushort MATVEC_ROWS = 4;

struct MatmulShape {
  uint rows;       // of the weight: columns of out
  uint cols;       // of the weight, and of x
  uint row_bytes;  // from one row of the weight to the next
  uint columns;    // tokens
};

template <ushort COLUMNS>
kernel void matvec(device const uchar* w [[buffer(0)]],
                   device const float* x [[buffer(1)]],
                   device float* out [[buffer(2)]],
                   constant MatmulShape& shape [[buffer(3)]],
                   uint group [[threadgroup_position_in_grid]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  const uint first = (group * MATVEC_SIMDGROUPS + simdgroup) * MATVEC_ROWS;
  float sums[MATVEC_ROWS][COLUMNS];
  for (ushort r = 0; r < MATVEC_ROWS; r++) {
    for (ushort c = 0; c < COLUMNS; c++) sums[r][c] = 0.0f;
  }
  // Rows and columns beyond the last read the last one again, and are not written.
  device const uchar* row[MATVEC_ROWS];
  for (ushort r = 0; r < MATVEC_ROWS; r++) row[r] = w + ulong(min(first + r, shape.rows - 1)) * shape.row_bytes;
  device const float* column[COLUMNS];
  for (ushort c = 0; c < COLUMNS; c++) column[c] = x + ulong(min(uint(c), shape.columns - 1)) * shape.cols;

  const uint whole = shape.cols / RUN * RUN;
  for (uint k = lane * RUN; k < whole; k += 32 * RUN) {
    for (ushort r = 0; r < MATVEC_ROWS; r++) {
      float elements[RUN];
      Format::eight(row[r], k, elements);
      for (ushort c = 0; c < COLUMNS; c++) {
        for (ushort i = 0; i < RUN; i++) sums[r][c] = fma(elements[i], column[c][k + i], sums[r][c]);
      }
    }
  }
  // Rows of plain types need not be a multiple of RUN.
  for (uint k = whole + lane; k < shape.cols; k += 32) {
    for (ushort r = 0; r < MATVEC_ROWS; r++) {
      const float element = Format::one(row[r], k);
      for (ushort c = 0; c < COLUMNS; c++) sums[r][c] = fma(element, column[c][k], sums[r][c]);
    }
  }

  for (ushort r = 0; r < MATVEC_ROWS; r++) {
    for (ushort c = 0; c < COLUMNS; c++) {
      const float sum = simd_sum(sums[r][c]);
      if (lane == 0 && first + r < shape.rows && c < shape.columns) out[ulong(c) * shape.rows + first + r] = sum;
    }
  }
}

INSTANTIATE(matvec_1, matvec<1>)
INSTANTIATE(matvec_2, matvec<2>)
INSTANTIATE(matvec_4, matvec<4>)
INSTANTIATE(matvec_8, matvec<8>)
