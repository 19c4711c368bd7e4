// What the kernels of products share: one input x is multiplied by up to three matrices of one format in a dispatch, as
// queries, keys and values are, or, with a gate, by two whose products become silu(x · gateᵀ) · (x · upᵀ). Either way a
// kernel sees groups of rows, and does the same with each.

constant bool GATED [[function_constant(0)]];

struct ProductShape {
  uint cols;       // of the matrices, and of x
  uint row_bytes;  // from one row of a matrix to the next
  uint columns;    // of the products: tokens
  uint rows[3];    // of each matrix, none where there are fewer
};

// A group of rows: all of one matrix, or a half of the gate and then the same rows of up.
struct Rows {
  device const uchar* lower;  // the matrix of the first half
  device const uchar* upper;  // that of the second
  device float* out;
  uint count;  // rows of the matrix
  uint first;  // of them in the group
};

// Rows of each matrix in a group of `size`, and rows of the product.
inline ushort taken(ushort size) { return GATED ? size / 2 : size; }

// Group number `group` of `size` rows; its first row is not among the rows where there are not so many groups.
inline Rows rows_of(uint group, ushort size, device const uchar* a, device const uchar* b, device const uchar* c,
                    device float* out_a, device float* out_b, device float* out_c, constant ProductShape& shape) {
  if (GATED) return Rows{a, b, out_a, shape.rows[0], group * taken(size)};
  const uint groups_a = (shape.rows[0] + size - 1) / size;
  const uint groups_b = (shape.rows[1] + size - 1) / size;
  if (group < groups_a) return Rows{a, a, out_a, shape.rows[0], group * size};
  group -= groups_a;
  if (group < groups_b) return Rows{b, b, out_b, shape.rows[1], group * size};
  group -= groups_b;
  return Rows{c, c, out_c, shape.rows[2], group * size};
}

// Row r of a group; where the matrix has ended, its last one again.
inline device const uchar* row_at(thread const Rows& rows, ushort r, ushort size, constant ProductShape& shape) {
  const uint row = min(rows.first + r % taken(size), rows.count - 1);
  return (r < taken(size) ? rows.lower : rows.upper) + ulong(row) * shape.row_bytes;
}
