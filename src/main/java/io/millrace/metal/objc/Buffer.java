package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Memory that CPU and GPU share: {@code MTLBuffer}. */
@SuppressWarnings("restricted") // native access is what this package is for
public final class Buffer extends Owned {
  private final MemorySegment contents;

  private record Messages(
      @Message(value = "contents", returns = MemorySegment.class) MethodHandle contents,
      @Message(value = "length", returns = long.class) MethodHandle length) {}

  Buffer(ObjectiveC objc, MemorySegment object) {
    super(objc, object);
    Messages messages = objc.messagesOf(object, Messages.class);
    try {
      long length = (long) messages.length.invokeExact(object);
      MemorySegment start = (MemorySegment) messages.contents.invokeExact(object);
      contents = start.reinterpret(length);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /**
   * What is in it. Valid until this buffer is closed; while the GPU works on it the content is
   * undefined.
   */
  public MemorySegment contents() {
    return contents;
  }
}
