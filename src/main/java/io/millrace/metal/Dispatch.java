package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.metal.objc.Encoder;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A kernel with its arguments. What it reads and writes is said as it is bound; dispatches that do
 * not depend on each other run side by side.
 */
final class Dispatch {
  private final Encoder encoder;
  private final Hazards hazards;

  Dispatch(Encoder encoder, Hazards hazards) {
    this.encoder = encoder;
    this.hazards = hazards;
  }

  /** The first rows of an activation, which are read. */
  Dispatch reads(int index, MetalActivation x, int rows) {
    return bind(index, x.buffer(), 0, x.bytes(rows), Optional.empty());
  }

  Dispatch reads(int index, MetalWeight weight) {
    return bind(index, weight.buffer(), weight.offset(), weight.bytes(), Optional.empty());
  }

  Dispatch reads(int index, Step.Table table) {
    return bind(
        index, table.buffer(), table.offset(), table.contents().byteSize(), Optional.empty());
  }

  /** A whole buffer, of which something is read. */
  Dispatch reads(int index, Buffer buffer) {
    return bind(index, buffer, 0, buffer.contents().byteSize(), Optional.empty());
  }

  /** The first rows of an activation, which are written, and may be read before. */
  Dispatch writes(int index, MetalActivation x, int rows) {
    return bind(index, x.buffer(), 0, x.bytes(rows), Optional.of(this));
  }

  /**
   * The same, but this writes elements that no other dispatch of {@code operation} writes, so that
   * these need not wait for each other.
   */
  Dispatch writesPart(int index, MetalActivation x, int rows, Object operation) {
    return bind(index, x.buffer(), 0, x.bytes(rows), Optional.of(operation));
  }

  /** The same of a whole buffer. */
  Dispatch writesPart(int index, Buffer buffer, Object operation) {
    return bind(index, buffer, 0, buffer.contents().byteSize(), Optional.of(operation));
  }

  /** A whole buffer, of which something is written, and may be read before. */
  Dispatch writes(int index, Buffer buffer) {
    return bind(index, buffer, 0, buffer.contents().byteSize(), Optional.of(this));
  }

  private Dispatch bind(
      int index, Buffer buffer, long offset, long bytes, Optional<Object> writer) {
    encoder.buffer(index, buffer, offset);
    hazards.add(buffer, offset, bytes, writer);
    return this;
  }

  /** A copy of a few bytes. */
  Dispatch bytes(int index, MemorySegment bytes) {
    encoder.bytes(index, bytes);
    return this;
  }

  /** Runs {@code columns × rows} threadgroups of {@code threads} threads. */
  void groups(long columns, long rows, long threads) {
    await();
    encoder.dispatchGroups(columns, rows, threads);
  }

  /** Runs {@code width × height × depth} threads, {@code threads} along the width in a group. */
  void threads(long width, long height, long depth, long threads) {
    await();
    encoder.dispatchThreads(width, height, depth, threads);
  }

  private void await() {
    if (hazards.begin()) {
      encoder.barrier();
    }
  }
}
