// Products of one to eight columns (tokens): decoding. The weight is read once, whatever the number of columns, so time
// goes with its bytes. Each simdgroup takes a group of MATVEC_ROWS rows; its lanes share the elements of a row, eight at
// a time.

constant ushort MATVEC_SIMDGROUPS = 2;
constant ushort MATVEC_ROWS = 4;

template <ushort COLUMNS>
kernel void matvec(device const uchar* a [[buffer(0)]],
                   device const uchar* b [[buffer(1)]],
                   device const uchar* c [[buffer(2)]],
                   device const float* x [[buffer(3)]],
                   device float* out_a [[buffer(4)]],
                   device float* out_b [[buffer(5)]],
                   device float* out_c [[buffer(6)]],
                   constant ProductShape& shape [[buffer(7)]],
                   uint group [[threadgroup_position_in_grid]],
                   ushort lane [[thread_index_in_simdgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]]) {
  const Rows rows = rows_of(group * MATVEC_SIMDGROUPS + simdgroup, MATVEC_ROWS, a, b, c, out_a, out_b, out_c, shape);
  if (rows.first >= rows.count) return;
  float sums[MATVEC_ROWS][COLUMNS];
  for (ushort r = 0; r < MATVEC_ROWS; r++) {
    for (ushort j = 0; j < COLUMNS; j++) sums[r][j] = 0.0f;
  }
  device const uchar* row[MATVEC_ROWS];
  for (ushort r = 0; r < MATVEC_ROWS; r++) row[r] = row_at(rows, r, MATVEC_ROWS, shape);
  // Columns beyond the last read the last one again, and are not written.
  device const float* column[COLUMNS];
  for (ushort j = 0; j < COLUMNS; j++) column[j] = x + ulong(min(uint(j), shape.columns - 1)) * shape.cols;

  const uint whole = shape.cols / RUN * RUN;
  for (uint k = lane * RUN; k < whole; k += 32 * RUN) {
    float elements[MATVEC_ROWS][RUN];
    for (ushort r = 0; r < MATVEC_ROWS; r++) Format::eight(row[r], k, elements[r]);
    for (ushort j = 0; j < COLUMNS; j++) {
      for (ushort i = 0; i < RUN; i++) {
        const float input = column[j][k + i];
        for (ushort r = 0; r < MATVEC_ROWS; r++) sums[r][j] = fma(elements[r][i], input, sums[r][j]);
      }
    }
  }
  // Rows of plain types need not be a multiple of RUN.
  for (uint k = whole + lane; k < shape.cols; k += 32) {
    for (ushort r = 0; r < MATVEC_ROWS; r++) {
      const float element = Format::one(row[r], k);
      for (ushort j = 0; j < COLUMNS; j++) sums[r][j] = fma(element, column[j][k], sums[r][j]);
    }
  }

  for (ushort j = 0; j < COLUMNS; j++) {
    float totals[MATVEC_ROWS];
    for (ushort r = 0; r < MATVEC_ROWS; r++) totals[r] = simd_sum(sums[r][j]);
    if (lane == 0 && j < shape.columns) {
      for (ushort r = 0; r < taken(MATVEC_ROWS) && rows.first + r < rows.count; r++) {
        rows.out[ulong(j) * rows.count + rows.first + r] = GATED ? silu(totals[r]) * totals[r + MATVEC_ROWS / 2] : totals[r];
      }
    }
  }
}

INSTANTIATE(matvec_1, matvec<1>)
INSTANTIATE(matvec_2, matvec<2>)
INSTANTIATE(matvec_4, matvec<4>)
INSTANTIATE(matvec_8, matvec<8>)
