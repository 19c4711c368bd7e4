package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** A kernel that the GPU can run: {@code MTLComputePipelineState}. */
public final class Pipeline extends Owned {
  private final String name;
  private final long maxThreads;
  private final long simdWidth;

  private record Messages(
      @Message(value = "maxTotalThreadsPerThreadgroup", returns = long.class)
          MethodHandle maxThreads,
      @Message(value = "threadExecutionWidth", returns = long.class) MethodHandle simdWidth) {}

  Pipeline(ObjectiveC objc, MemorySegment object, String name) {
    super(objc, object);
    this.name = name;
    Messages messages = objc.messagesOf(object, Messages.class);
    try {
      maxThreads = (long) messages.maxThreads.invokeExact(object);
      simdWidth = (long) messages.simdWidth.invokeExact(object);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  public String name() {
    return name;
  }

  /**
   * Most threads of a threadgroup; fewer than the device's when the kernel needs many registers.
   */
  public long maxThreads() {
    return maxThreads;
  }

  /** Threads of a simdgroup. */
  public long simdWidth() {
    return simdWidth;
  }
}
