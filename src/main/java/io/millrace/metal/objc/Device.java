package io.millrace.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** A GPU: {@code MTLDevice}. Thread-safe. */
public final class Device extends Owned {
  /** CPU and GPU share the memory; what one writes the other reads. */
  private static final long STORAGE_MODE_SHARED = 0;

  private static final long LANGUAGE_VERSION_3_1 = 3 << 16 | 1;
  private static final long MATH_MODE_SAFE = 0;

  private final Messages messages;

  private record Messages(
      @Message(value = "name", returns = MemorySegment.class) MethodHandle name,
      @Message(value = "newCommandQueue", returns = MemorySegment.class)
          MethodHandle newCommandQueue,
      @Message(value = "supportsFamily:", returns = boolean.class, takes = long.class)
          MethodHandle supportsFamily,
      @Message(value = "maxBufferLength", returns = long.class) MethodHandle maxBufferLength,
      @Message(value = "recommendedMaxWorkingSetSize", returns = long.class)
          MethodHandle workingSet,
      @Message(value = "hasUnifiedMemory", returns = boolean.class) MethodHandle unifiedMemory,
      @Message(
              value = "newBufferWithLength:options:",
              returns = MemorySegment.class,
              takes = {long.class, long.class})
          MethodHandle newBuffer,
      @Message(
              value = "newBufferWithBytesNoCopy:length:options:deallocator:",
              returns = MemorySegment.class,
              takes = {MemorySegment.class, long.class, long.class, MemorySegment.class})
          MethodHandle newBufferNoCopy,
      @Message(
              value = "newLibraryWithSource:options:error:",
              returns = MemorySegment.class,
              takes = {MemorySegment.class, MemorySegment.class, MemorySegment.class})
          MethodHandle newLibrary) {}

  private record DescriptorClassMessages(
      @Message(value = "new", returns = MemorySegment.class) MethodHandle create) {}

  private record ResidencyMessages(
      @Message(
              value = "newResidencySetWithDescriptor:error:",
              returns = MemorySegment.class,
              takes = {MemorySegment.class, MemorySegment.class})
          MethodHandle newSet) {}

  private record OptionsClassMessages(
      @Message(value = "new", returns = MemorySegment.class) MethodHandle create) {}

  private record OptionsMessages(
      @Message(value = "setLanguageVersion:", takes = long.class) MethodHandle languageVersion,
      @Message(value = "setMathMode:", takes = long.class) MethodHandle mathMode,
      @Message(value = "setFastMathEnabled:", takes = boolean.class) MethodHandle fastMath) {}

  private Device(ObjectiveC objc, MemorySegment object) {
    super(objc, object);
    this.messages = objc.messagesOf(object, Messages.class);
  }

  /**
   * The machine's GPU.
   *
   * @throws MetalException when there is no Metal here, or no device
   */
  public static Device systemDefault(Libraries libraries) {
    ObjectiveC objc = ObjectiveC.open(libraries);
    MethodHandle create = objc.function("MTLCreateSystemDefaultDevice", ADDRESS);
    try (ObjectiveC.Pool _ = objc.pool()) {
      MemorySegment device = ObjectiveC.call(create);
      if (device.address() == 0) {
        throw new MetalException("Metal finds no GPU on this machine");
      }
      return new Device(objc, device);
    }
  }

  public String name() {
    try (ObjectiveC.Pool _ = objc.pool()) {
      return objc.textOf(ObjectiveC.call(messages.name, object()));
    }
  }

  public boolean supports(GpuFamily family) {
    try {
      return (boolean) messages.supportsFamily.invokeExact(object(), family.number());
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /** Most bytes of a buffer. */
  public long maxBufferLength() {
    return number(messages.maxBufferLength);
  }

  /** Bytes that this process can have on the GPU without slowing down. */
  public long recommendedWorkingSet() {
    return number(messages.workingSet);
  }

  public boolean hasUnifiedMemory() {
    try {
      return (boolean) messages.unifiedMemory.invokeExact(object());
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  private long number(MethodHandle message) {
    try {
      return (long) message.invokeExact(object());
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  public Queue newQueue() {
    try (ObjectiveC.Pool _ = objc.pool()) {
      MemorySegment queue = ObjectiveC.call(messages.newCommandQueue, object());
      if (queue.address() == 0) {
        throw new MetalException("the GPU gives no command queue");
      }
      return new Queue(objc, queue);
    }
  }

  /**
   * A buffer of its own, whose content is undefined.
   *
   * @throws MetalException when there is no room for it
   */
  public Buffer newBuffer(long bytes) {
    try (ObjectiveC.Pool _ = objc.pool()) {
      MemorySegment buffer =
          (MemorySegment)
              messages.newBuffer.invokeExact(object(), Math.max(bytes, 1), STORAGE_MODE_SHARED);
      return buffer(buffer, bytes);
    } catch (MetalException e) {
      throw e;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  /**
   * A buffer over the pages of a mapped file, which must stay mapped until the buffer is closed.
   * Nothing is copied.
   *
   * @param mapped part of a file; it begins {@link SystemPages#offsetIn} bytes into the buffer
   * @throws MetalException when Metal refuses it
   */
  public Buffer newBufferOver(MemorySegment mapped) {
    MemorySegment pages = SystemPages.around(mapped);
    try (ObjectiveC.Pool _ = objc.pool()) {
      MemorySegment buffer =
          (MemorySegment)
              messages.newBufferNoCopy.invokeExact(
                  object(), pages, pages.byteSize(), STORAGE_MODE_SHARED, MemorySegment.NULL);
      return buffer(buffer, pages.byteSize());
    } catch (MetalException e) {
      throw e;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }

  private Buffer buffer(MemorySegment buffer, long bytes) {
    if (buffer.address() == 0) {
      throw new MetalException(
          "the GPU gives no buffer of %,d bytes; it allows %,d for one and %,d for all"
              .formatted(bytes, maxBufferLength(), recommendedWorkingSet()));
    }
    return new Buffer(objc, buffer);
  }

  /** An empty residency set, where the system has them. */
  public Optional<ResidencySet> newResidencySet() {
    if (!objc.respondsTo(object(), "newResidencySetWithDescriptor:error:")) {
      return Optional.empty();
    }
    try (ObjectiveC.Pool _ = objc.pool()) {
      MemorySegment descriptor =
          ObjectiveC.call(
              objc.messages(DescriptorClassMessages.class).create,
              objc.classNamed("MTLResidencySetDescriptor"));
      try {
        MethodHandle create = objc.messagesOf(object(), ResidencyMessages.class).newSet;
        MemorySegment set = ObjectiveC.call(create, object(), descriptor, MemorySegment.NULL);
        return set.address() == 0 ? Optional.empty() : Optional.of(new ResidencySet(objc, set));
      } finally {
        objc.release(descriptor);
      }
    }
  }

  /**
   * Compiles MSL.
   *
   * @throws MetalException with what the compiler says
   */
  public Library compile(String source) {
    try (ObjectiveC.Pool _ = objc.pool();
        Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(ADDRESS);
      MemorySegment options = options();
      try {
        MemorySegment library =
            ObjectiveC.call(messages.newLibrary, object(), objc.string(source), options, error);
        if (library.address() == 0) {
          throw new MetalException(
              "the kernels do not compile: " + objc.describe(error.get(ADDRESS, 0)));
        }
        return new Library(objc, this, library);
      } finally {
        objc.release(options);
      }
    }
  }

  /** Options of the compiler; the caller owns them. */
  private MemorySegment options() {
    MemorySegment options =
        ObjectiveC.call(
            objc.messages(OptionsClassMessages.class).create, objc.classNamed("MTLCompileOptions"));
    OptionsMessages set = objc.messagesOf(options, OptionsMessages.class);
    try {
      set.languageVersion.invokeExact(options, LANGUAGE_VERSION_3_1);
      if (objc.respondsTo(options, "setMathMode:")) { // from macOS 15
        set.mathMode.invokeExact(options, MATH_MODE_SAFE);
      } else {
        set.fastMath.invokeExact(options, false);
      }
      return options;
    } catch (Throwable e) {
      throw ObjectiveC.unexpected(e);
    }
  }
}
