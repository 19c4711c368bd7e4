package io.millrace.metal.objc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Work for the GPU, encoded by one thread and then run as a whole: {@code MTLCommandBuffer}. It and
 * its encoder belong to the autorelease pool that was opened with it, and end with {@link #close}.
 */
public final class CommandBuffer implements AutoCloseable {
  private static final long COMPLETED = 4;
  private static final long DISPATCH_TYPE_CONCURRENT = 1;

  private final ObjectiveC objc;
  private final ObjectiveC.Pool pool;
  private final MemorySegment object;
  private final Messages messages;
  private final Encoder encoder;
  private boolean open = true;

  private record Messages(
      @Message(
              value = "computeCommandEncoderWithDispatchType:",
              returns = MemorySegment.class,
              takes = long.class)
          MethodHandle encoder,
      @Message("commit") MethodHandle commit,
      @Message("waitUntilCompleted") MethodHandle waitUntilCompleted,
      @Message(value = "status", returns = long.class) MethodHandle status,
      @Message(value = "error", returns = MemorySegment.class) MethodHandle error) {}

  CommandBuffer(ObjectiveC objc, ObjectiveC.Pool pool, MemorySegment object) {
    this.objc = objc;
    this.pool = pool;
    this.object = object;
    this.messages = objc.messagesOf(object, Messages.class);
    try {
      encoder =
          new Encoder(
              objc, (MemorySegment) messages.encoder.invokeExact(object, DISPATCH_TYPE_CONCURRENT));
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Its one encoder. */
  public Encoder encoder() {
    return encoder;
  }

  /**
   * Runs what was encoded, and waits for it.
   *
   * @throws MetalException when the GPU failed, with its reason
   */
  public void run() {
    encoder.end();
    try {
      messages.commit.invokeExact(object);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
    await();
  }

  /** Waits for the end of what was committed. */
  void await() {
    long status;
    MemorySegment error;
    try {
      messages.waitUntilCompleted.invokeExact(object);
      status = (long) messages.status.invokeExact(object);
      error = (MemorySegment) messages.error.invokeExact(object);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
    if (status != COMPLETED) {
      throw new MetalException(
          "the GPU failed (status %d): %s".formatted(status, objc.describe(error)));
    }
  }

  MemorySegment object() {
    return object;
  }

  /** Ends it, whether it ran or not. */
  @Override
  public void close() {
    if (open) {
      open = false;
      encoder.end();
      pool.close();
    }
  }
}
