package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Buffers that the system is asked to keep in the GPU's memory, also while nothing uses them:
 * {@code MTLResidencySet}, which macOS has from 15 on.
 */
public final class ResidencySet extends Owned {
  private final Messages messages;

  private record Messages(
      @Message(value = "addAllocation:", takes = MemorySegment.class) MethodHandle add,
      @Message(value = "removeAllocation:", takes = MemorySegment.class) MethodHandle remove,
      @Message("commit") MethodHandle commit,
      @Message("requestResidency") MethodHandle request,
      @Message("endResidency") MethodHandle end) {}

  ResidencySet(ObjectiveC objc, MemorySegment object) {
    super(objc, object);
    this.messages = objc.messagesOf(object, Messages.class);
  }

  /** Takes in a buffer, with the next {@link #commit}. */
  public void add(Buffer buffer) {
    ObjectiveC.send(messages.add, object(), buffer.object());
  }

  /** Lets go of a buffer, with the next {@link #commit}; until then the buffer lives. */
  public void remove(Buffer buffer) {
    ObjectiveC.send(messages.remove, object(), buffer.object());
  }

  /** Makes what was added and removed count. */
  public void commit() {
    ObjectiveC.send(messages.commit, object());
    ObjectiveC.send(messages.request, object());
  }

  @Override
  public void close() {
    ObjectiveC.send(messages.end, object());
    super.close();
  }
}
