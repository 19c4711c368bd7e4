// The rows of a table that belong to tokens.

struct LookupShape {
  uint cols;
  uint row_bytes;
};

// out[i] = table[tokens[i]], one thread per element.
kernel void embed(device const uchar* table [[buffer(0)]],
                  device const uint* tokens [[buffer(1)]],
                  device float* out [[buffer(2)]],
                  constant LookupShape& shape [[buffer(3)]],
                  uint2 at [[thread_position_in_grid]]) {
  device const uchar* row = table + ulong(tokens[at.y]) * shape.row_bytes;
  out[ulong(at.y) * shape.cols + at.x] = Format::one(row, at.x);
}
