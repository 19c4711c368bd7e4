package io.millrace.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The Objective-C runtime: its C functions, and messages with exact signatures. */
@SuppressWarnings("restricted") // native access is what this package is for
final class ObjectiveC {
  private static final Linker LINKER = Linker.nativeLinker();

  /** Native libraries stay loaded: unloading frameworks is not supported. */
  private static final Arena FOREVER = Arena.global();

  private final SymbolLookup symbols;
  private final MemorySegment msgSend;
  private final Functions functions;
  private final Map<Class<?>, Record> bound = new ConcurrentHashMap<>();
  private final Set<Class<?>> checked = ConcurrentHashMap.newKeySet();

  private ObjectiveC(SymbolLookup symbols) {
    this.symbols = symbols;
    this.msgSend = symbol("objc_msgSend");
    this.functions =
        new Functions(
            function("objc_getClass", ADDRESS, ADDRESS),
            function("sel_registerName", ADDRESS, ADDRESS),
            function("object_getClass", ADDRESS, ADDRESS),
            function("class_getInstanceMethod", ADDRESS, ADDRESS, ADDRESS),
            function("method_getTypeEncoding", ADDRESS, ADDRESS),
            function("objc_autoreleasePoolPush", ADDRESS),
            LINKER.downcallHandle(
                symbol("objc_autoreleasePoolPop"), FunctionDescriptor.ofVoid(ADDRESS)));
  }

  private record Functions(
      MethodHandle classNamed,
      MethodHandle registerSelector,
      MethodHandle classOf,
      MethodHandle instanceMethod,
      MethodHandle typeEncoding,
      MethodHandle pushPool,
      MethodHandle popPool) {}

  /** What every object understands. */
  record ObjectMessages(
      @Message(value = "retain", returns = MemorySegment.class) MethodHandle retain,
      @Message("release") MethodHandle release,
      @Message(value = "respondsToSelector:", returns = boolean.class, takes = MemorySegment.class)
          MethodHandle respondsTo) {}

  private record StringMessages(
      @Message(value = "UTF8String", returns = MemorySegment.class) MethodHandle utf8) {}

  private record StringClassMessages(
      @Message(
              value = "stringWithUTF8String:",
              returns = MemorySegment.class,
              takes = MemorySegment.class)
          MethodHandle withUtf8) {}

  private record ErrorMessages(
      @Message(value = "localizedDescription", returns = MemorySegment.class)
          MethodHandle description) {}

  /**
   * Loads the runtime.
   *
   * @throws MetalException when a library or one of its functions is not there
   */
  static ObjectiveC open(Libraries libraries) {
    SymbolLookup symbols = name -> Optional.empty();
    for (String name : libraries.names()) {
      try {
        symbols = symbols.or(SymbolLookup.libraryLookup(name, FOREVER));
      } catch (IllegalArgumentException e) {
        throw new MetalException("library %s cannot be loaded".formatted(name), e);
      }
    }
    return new ObjectiveC(symbols);
  }

  private MemorySegment symbol(String name) {
    return symbols
        .find(name)
        .orElseThrow(() -> new MetalException("the system's libraries have no " + name));
  }

  /** A C function that returns something. */
  MethodHandle function(String name, MemoryLayout returns, MemoryLayout... takes) {
    return LINKER.downcallHandle(symbol(name), FunctionDescriptor.of(returns, takes));
  }

  /**
   * The handles of a record whose components are annotated with {@link Message}; the selector is
   * bound, so that a handle takes the receiver and the arguments.
   */
  <R extends Record> R messages(Class<R> type) {
    return type.cast(bound.computeIfAbsent(type, this::bind));
  }

  private Record bind(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] handles =
        Arrays.stream(components)
            .map(component -> handle(component.getAnnotation(Message.class)))
            .toArray();
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return (Record) constructor.newInstance(handles);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("a record has a canonical constructor", e);
    }
  }

  private MethodHandle handle(Message message) {
    MemoryLayout[] arguments = new MemoryLayout[message.takes().length + 2];
    arguments[0] = ADDRESS;
    arguments[1] = ADDRESS;
    for (int i = 0; i < message.takes().length; i++) {
      arguments[i + 2] = layout(message.takes()[i]);
    }
    FunctionDescriptor signature =
        message.returns() == void.class
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(layout(message.returns()), arguments);
    return MethodHandles.insertArguments(
        LINKER.downcallHandle(msgSend, signature), 1, selector(message.value()));
  }

  private static MemoryLayout layout(Class<?> type) {
    if (type == MemorySegment.class) {
      return ADDRESS;
    } else if (type == long.class) {
      return JAVA_LONG;
    } else if (type == boolean.class) {
      return JAVA_BOOLEAN;
    } else if (type == double.class) {
      return JAVA_DOUBLE;
    } else if (type == GridSize.class) {
      return GridSize.LAYOUT;
    }
    throw new AssertionError("no layout for " + type);
  }

  /**
   * The messages of a receiver. The first time, their signatures are compared with those that the
   * runtime knows.
   *
   * @throws MetalException naming the message, when one differs; a method that the runtime does not
   *     find is no mistake, it may be forwarded
   */
  <R extends Record> R messagesOf(MemorySegment receiver, Class<R> type) {
    if (checked.add(type)) {
      check(receiver, type);
    }
    return messages(type);
  }

  private void check(MemorySegment receiver, Class<? extends Record> type) {
    MemorySegment receiverClass = call(functions.classOf, receiver);
    for (RecordComponent component : type.getRecordComponents()) {
      Message message = component.getAnnotation(Message.class);
      MemorySegment method =
          call(functions.instanceMethod, receiverClass, selector(message.value()));
      if (method.address() == 0) {
        continue;
      }
      String encoding = text(call(functions.typeEncoding, method));
      if (!TypeEncoding.matches(encoding, message.returns(), message.takes())) {
        throw new MetalException(
            "message %s has the signature %s on this system, which Millrace does not expect"
                .formatted(message.value(), encoding));
      }
    }
  }

  MemorySegment classNamed(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = call(functions.classNamed, arena.allocateFrom(name));
      if (found.address() == 0) {
        throw new MetalException("there is no class " + name);
      }
      return found;
    }
  }

  MemorySegment selector(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return call(functions.registerSelector, arena.allocateFrom(name));
    }
  }

  boolean respondsTo(MemorySegment receiver, String selector) {
    try {
      return (boolean)
          messages(ObjectMessages.class).respondsTo.invokeExact(receiver, selector(selector));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  void release(MemorySegment object) {
    try {
      messages(ObjectMessages.class).release.invokeExact(object);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** An autoreleased NSString. */
  MemorySegment string(String text) {
    try (Arena arena = Arena.ofConfined()) {
      return call(
          messages(StringClassMessages.class).withUtf8,
          classNamed("NSString"),
          arena.allocateFrom(text));
    }
  }

  /** The text of an NSString. */
  String textOf(MemorySegment string) {
    return string.address() == 0 ? "" : text(call(messages(StringMessages.class).utf8, string));
  }

  /** What an NSError says. */
  String describe(MemorySegment error) {
    return error.address() == 0
        ? "no reason given"
        : textOf(call(messages(ErrorMessages.class).description, error));
  }

  private static String text(MemorySegment utf8) {
    return utf8.reinterpret(Long.MAX_VALUE).getString(0);
  }

  /**
   * An autorelease pool of the current thread; what the calls until its end return without
   * ownership lives as long.
   */
  Pool pool() {
    try {
      return new Pool((MemorySegment) functions.pushPool.invokeExact(), Thread.currentThread());
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Ends on the thread on which it began. */
  final class Pool implements AutoCloseable {
    private final MemorySegment token;
    private final Thread owner;

    private Pool(MemorySegment token, Thread owner) {
      this.token = token;
      this.owner = owner;
    }

    /** On another thread the pool is left to the end of its own: popping it here would crash. */
    @Override
    public void close() {
      if (Thread.currentThread() == owner) {
        try {
          functions.popPool.invokeExact(token);
        } catch (Throwable e) {
          throw unexpected(e);
        }
      }
    }
  }

  /** For calls whose speed does not matter. */
  static MemorySegment call(MethodHandle handle, Object... arguments) {
    return (MemorySegment) send(handle, arguments);
  }

  /** The same, whatever it returns; null where that is nothing. */
  static Object send(MethodHandle handle, Object... arguments) {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Handles declare Throwable, but native code throws nothing. */
  static AssertionError unexpected(Throwable thrown) {
    return new AssertionError("a native call threw", thrown);
  }
}
