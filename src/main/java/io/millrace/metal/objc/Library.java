package io.millrace.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Compiled MSL: {@code MTLLibrary}. */
public final class Library extends Owned {
  private static final long DATA_TYPE_BOOL = 53;

  private final Device device;
  private final Messages messages;

  private record Messages(
      @Message(
              value = "newFunctionWithName:",
              returns = MemorySegment.class,
              takes = MemorySegment.class)
          MethodHandle newFunction,
      @Message(
              value = "newFunctionWithName:constantValues:error:",
              returns = MemorySegment.class,
              takes = {MemorySegment.class, MemorySegment.class, MemorySegment.class})
          MethodHandle newSpecializedFunction) {}

  private record ConstantsClassMessages(
      @Message(value = "new", returns = MemorySegment.class) MethodHandle create) {}

  private record ConstantsMessages(
      @Message(
              value = "setConstantValue:type:atIndex:",
              takes = {MemorySegment.class, long.class, long.class})
          MethodHandle set) {}

  private record DeviceMessages(
      @Message(
              value = "newComputePipelineStateWithFunction:error:",
              returns = MemorySegment.class,
              takes = {MemorySegment.class, MemorySegment.class})
          MethodHandle newPipeline) {}

  Library(ObjectiveC objc, Device device, MemorySegment object) {
    super(objc, object);
    this.device = device;
    this.messages = objc.messagesOf(object, Messages.class);
  }

  /**
   * A kernel, ready to run.
   *
   * @param constants values of the function constants 0, 1, …
   * @throws MetalException when there is no such kernel, or the GPU cannot run it
   */
  public Pipeline pipeline(String kernel, List<Boolean> constants) {
    try (ObjectiveC.Pool _ = objc.pool();
        Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(ADDRESS);
      MemorySegment function =
          constants.isEmpty()
              ? ObjectiveC.call(messages.newFunction, object(), objc.string(kernel))
              : specialized(kernel, constants, arena, error);
      if (function.address() == 0) {
        throw new MetalException(
            "there is no kernel %s: %s".formatted(kernel, objc.describe(error.get(ADDRESS, 0))));
      }
      try {
        MethodHandle create = objc.messagesOf(device.object(), DeviceMessages.class).newPipeline;
        MemorySegment pipeline = ObjectiveC.call(create, device.object(), function, error);
        if (pipeline.address() == 0) {
          throw new MetalException(
              "kernel %s cannot run on this GPU: %s"
                  .formatted(kernel, objc.describe(error.get(ADDRESS, 0))));
        }
        return new Pipeline(objc, pipeline, kernel);
      } finally {
        objc.release(function);
      }
    }
  }

  private MemorySegment specialized(
      String kernel, List<Boolean> constants, Arena arena, MemorySegment error) {
    MemorySegment values =
        ObjectiveC.call(
            objc.messages(ConstantsClassMessages.class).create,
            objc.classNamed("MTLFunctionConstantValues"));
    try {
      MethodHandle set = objc.messagesOf(values, ConstantsMessages.class).set;
      MemorySegment value = arena.allocate(ValueLayout.JAVA_BOOLEAN);
      for (int i = 0; i < constants.size(); i++) {
        value.set(ValueLayout.JAVA_BOOLEAN, 0, constants.get(i));
        set.invokeExact(values, value, DATA_TYPE_BOOL, (long) i);
      }
      return ObjectiveC.call(
          messages.newSpecializedFunction, object(), objc.string(kernel), values, error);
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    } finally {
      objc.release(values);
    }
  }
}
