package io.millrace.metal.objc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Encodes dispatches into a command buffer: {@code MTLComputeCommandEncoder}. The GPU may run them
 * side by side, except across a {@link #barrier}.
 */
public final class Encoder {
  private static final long BARRIER_SCOPE_BUFFERS = 1;

  private final MemorySegment object;
  private final Messages messages;
  private final GridSize grid = new GridSize(Arena.ofAuto());
  private final GridSize group = new GridSize(Arena.ofAuto());
  private boolean open = true;

  private record Messages(
      @Message(value = "setComputePipelineState:", takes = MemorySegment.class)
          MethodHandle setPipeline,
      @Message(
              value = "setBuffer:offset:atIndex:",
              takes = {MemorySegment.class, long.class, long.class})
          MethodHandle setBuffer,
      @Message(
              value = "setBytes:length:atIndex:",
              takes = {MemorySegment.class, long.class, long.class})
          MethodHandle setBytes,
      @Message(
              value = "dispatchThreadgroups:threadsPerThreadgroup:",
              takes = {GridSize.class, GridSize.class})
          MethodHandle dispatchGroups,
      @Message(
              value = "dispatchThreads:threadsPerThreadgroup:",
              takes = {GridSize.class, GridSize.class})
          MethodHandle dispatchThreads,
      @Message(value = "memoryBarrierWithScope:", takes = long.class) MethodHandle memoryBarrier,
      @Message("endEncoding") MethodHandle endEncoding) {}

  Encoder(ObjectiveC objc, MemorySegment object) {
    this.object = object;
    this.messages = objc.messagesOf(object, Messages.class);
  }

  public Encoder pipeline(Pipeline pipeline) {
    try {
      messages.setPipeline.invokeExact(object, pipeline.object());
      return this;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Binds a buffer from a byte offset on. */
  public Encoder buffer(int index, Buffer buffer, long offset) {
    try {
      messages.setBuffer.invokeExact(object, buffer.object(), offset, (long) index);
      return this;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Binds a copy of a few bytes, at most 4096. */
  public Encoder bytes(int index, MemorySegment bytes) {
    try {
      messages.setBytes.invokeExact(object, bytes, bytes.byteSize(), (long) index);
      return this;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Runs {@code columns × rows} threadgroups of {@code threads} threads. */
  public void dispatchGroups(long columns, long rows, long threads) {
    try {
      messages.dispatchGroups.invokeExact(
          object, grid.set(columns, rows, 1), group.set(threads, 1, 1));
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Runs {@code width × height × depth} threads, {@code threads} along the width in a group. */
  public void dispatchThreads(long width, long height, long depth, long threads) {
    try {
      messages.dispatchThreads.invokeExact(
          object, grid.set(width, height, depth), group.set(threads, 1, 1));
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** What follows sees all that dispatches before have written to buffers, and runs after them. */
  public void barrier() {
    try {
      messages.memoryBarrier.invokeExact(object, BARRIER_SCOPE_BUFFERS);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  void end() {
    if (open) {
      open = false;
      try {
        messages.endEncoding.invokeExact(object);
      } catch (Throwable e) {
        throw ObjectiveC.unexpected(e);
      }
    }
  }
}
