package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;

/** An object that this program has a reference to, which ends with {@link #close}. */
abstract class Owned implements AutoCloseable {
  final ObjectiveC objc;
  private final MemorySegment object;
  private boolean closed;

  Owned(ObjectiveC objc, MemorySegment object) {
    this.objc = objc;
    this.object = object;
  }

  /** The object, as a receiver or argument. */
  final MemorySegment object() {
    if (closed) {
      throw new IllegalStateException(getClass().getSimpleName() + " is closed");
    }
    return object;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      objc.release(object);
    }
  }
}
