package io.millrace.cpu;

import static io.millrace.cpu.Panels.ROWS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Brings bytes of up to 16 rows into the order of a panel, eight rows by eight bytes at a time. */
final class Interleave {
  private static final int TILE = Long.BYTES;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(Lanes.LE);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.LE);

  private Interleave() {}

  /**
   * Copies {@code count} bytes of each row: byte {@code i} of row {@code r} goes from {@code from +
   * r · rowBytes + i} to {@code to + i · step + r}.
   *
   * @param count a multiple of 8
   * @param step bytes from one column of the panel to the next, at least 16
   * @param flip bits of every byte to turn over, the same byte eight times
   */
  static void bytes(
      MemorySegment source,
      long from,
      long rowBytes,
      int rows,
      int count,
      MemorySegment panel,
      long to,
      int step,
      long flip) {
    int whole = rows / TILE * TILE;
    for (int row = 0; row < whole; row += TILE) {
      for (int i = 0; i < count; i += TILE) {
        long in = from + row * rowBytes + i;
        transpose(source, in, rowBytes, panel, to + (long) i * step + row, step, flip);
      }
    }
    for (int row = whole; row < rows; row++) {
      for (int i = 0; i < count; i++) {
        byte value = source.get(BYTE, from + row * rowBytes + i);
        panel.set(BYTE, to + (long) i * step + row, (byte) (value ^ flip));
      }
    }
  }

  /** As {@link #bytes}, with columns next to each other and nothing turned over. */
  static void bytes(
      MemorySegment source,
      long from,
      long rowBytes,
      int rows,
      int count,
      MemorySegment panel,
      long to) {
    bytes(source, from, rowBytes, rows, count, panel, to, ROWS, 0);
  }

  /**
   * Copies {@code count} words of four bytes of each row: word {@code i} of row {@code r} goes from
   * {@code from + r · rowBytes + 4 · i} to {@code to + 4 · (16 · i + r)}.
   */
  static void words(
      MemorySegment source,
      long from,
      long rowBytes,
      int rows,
      int count,
      MemorySegment panel,
      long to) {
    for (int row = 0; row < rows; row++) {
      long in = from + row * rowBytes;
      long out = to + row * Integer.BYTES;
      for (int i = 0; i < count; i++) {
        int word = source.get(INT, in + i * Integer.BYTES);
        panel.set(INT, out + i * ROWS * Integer.BYTES, word);
      }
    }
  }

  /**
   * Transposes eight rows of eight bytes: swaps halves of rows four apart, then quarters two apart,
   * then bytes of neighbours (Warren, Hacker's Delight, 7-3).
   */
  private static void transpose(
      MemorySegment source,
      long from,
      long rowBytes,
      MemorySegment panel,
      long to,
      int step,
      long flip) {
    long a = source.get(LONG, from) ^ flip;
    long b = source.get(LONG, from + rowBytes) ^ flip;
    long c = source.get(LONG, from + 2 * rowBytes) ^ flip;
    long d = source.get(LONG, from + 3 * rowBytes) ^ flip;
    long e = source.get(LONG, from + 4 * rowBytes) ^ flip;
    long f = source.get(LONG, from + 5 * rowBytes) ^ flip;
    long g = source.get(LONG, from + 6 * rowBytes) ^ flip;
    long h = source.get(LONG, from + 7 * rowBytes) ^ flip;

    long half = 0xffffffffL;
    long ae = (a >>> 32 ^ e) & half;
    long bf = (b >>> 32 ^ f) & half;
    long cg = (c >>> 32 ^ g) & half;
    long dh = (d >>> 32 ^ h) & half;
    a ^= ae << 32;
    e ^= ae;
    b ^= bf << 32;
    f ^= bf;
    c ^= cg << 32;
    g ^= cg;
    d ^= dh << 32;
    h ^= dh;

    long quarters = 0xffff0000ffffL;
    long ac = (a >>> 16 ^ c) & quarters;
    long bd = (b >>> 16 ^ d) & quarters;
    long eg = (e >>> 16 ^ g) & quarters;
    long fh = (f >>> 16 ^ h) & quarters;
    a ^= ac << 16;
    c ^= ac;
    b ^= bd << 16;
    d ^= bd;
    e ^= eg << 16;
    g ^= eg;
    f ^= fh << 16;
    h ^= fh;

    long bytes = 0xff00ff00ff00ffL;
    long ab = (a >>> 8 ^ b) & bytes;
    long cd = (c >>> 8 ^ d) & bytes;
    long ef = (e >>> 8 ^ f) & bytes;
    long gh = (g >>> 8 ^ h) & bytes;
    panel.set(LONG, to, a ^ ab << 8);
    panel.set(LONG, to + step, b ^ ab);
    panel.set(LONG, to + 2L * step, c ^ cd << 8);
    panel.set(LONG, to + 3L * step, d ^ cd);
    panel.set(LONG, to + 4L * step, e ^ ef << 8);
    panel.set(LONG, to + 5L * step, f ^ ef);
    panel.set(LONG, to + 6L * step, g ^ gh << 8);
    panel.set(LONG, to + 7L * step, h ^ gh);
  }
}
