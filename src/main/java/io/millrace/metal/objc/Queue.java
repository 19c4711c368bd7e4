package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Where command buffers go: {@code MTLCommandQueue}. Thread-safe. */
public final class Queue extends Owned {
  private final Messages messages;

  private record Messages(
      @Message(value = "commandBuffer", returns = MemorySegment.class)
          MethodHandle commandBuffer) {}

  Queue(ObjectiveC objc, MemorySegment object) {
    super(objc, object);
    this.messages = objc.messagesOf(object, Messages.class);
  }

  /**
   * A command buffer of this thread, with its own autorelease pool; whoever asks for it closes it.
   */
  public CommandBuffer begin() {
    ObjectiveC.Pool pool = objc.pool();
    try {
      MemorySegment buffer = (MemorySegment) messages.commandBuffer.invokeExact(object());
      if (buffer.address() == 0) {
        throw new MetalException("the GPU gives no command buffer");
      }
      return new CommandBuffer(objc, pool, buffer);
    } catch (Throwable e) {
      pool.close();
      if (e instanceof MetalException refused) {
        throw refused;
      }
      throw ObjectiveC.unexpected(e);
    }
  }
}
