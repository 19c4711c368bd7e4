package io.millrace.metal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.millrace.metal.objc.Libraries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * The Metal simulator of {@code src/test/native/metal-simulator}: a library with the symbols of
 * Objective-C and Metal that runs kernels on the CPU. There is one in a process; each test begins
 * with {@link #reset} and ends with {@link #takeReport}.
 */
@SuppressWarnings("restricted") // it calls native code
public final class Simulator {
  private static final Path SOURCES = Path.of("src/test/native/metal-simulator").toAbsolutePath();
  private static final Path BUILDS = Path.of("target/metal-simulator").toAbsolutePath();
  private static final long DEFAULT_BUFFER = 1L << 32;
  private static final long DEFAULT_WORKING_SET = 8L << 30;

  private static final int LATEST_MACOS = 15;

  private static Simulator one;

  private final Path library;
  private final SymbolLookup symbols;

  private Simulator(Path library, String compiler) {
    this.library = library;
    this.symbols = SymbolLookup.libraryLookup(library.toString(), Arena.global());
    try (Arena arena = Arena.ofConfined()) {
      call(
          "simulator_compiler",
          arena.allocateFrom(compiler),
          arena.allocateFrom(SOURCES.resolve("msl").toString()),
          arena.allocateFrom(library.getParent().toString()));
    }
  }

  /** The order in which threads, simdgroups, threadgroups and independent dispatches run. */
  public enum Order {
    FORWARD,
    REVERSE,
    RANDOM,
    /** All three, for each dispatch, from the same state; results must have the same bits. */
    EACH
  }

  /** What has been done since the library was loaded. */
  public record Counters(
      long commandBuffers,
      long waits,
      long buffers,
      long scopeBarriers,
      long dispatches,
      long threads,
      long barriers) {

    /** What was done between an earlier count and this one. */
    public Counters since(Counters before) {
      return new Counters(
          commandBuffers - before.commandBuffers,
          waits - before.waits,
          buffers - before.buffers,
          scopeBarriers - before.scopeBarriers,
          dispatches - before.dispatches,
          threads - before.threads,
          barriers - before.barriers);
    }
  }

  /** The simulator, built if need be; without a compiler the calling test is skipped. */
  public static synchronized Simulator require() {
    String compiler = NativeCompiler.require("the Metal simulator", "g++", "clang++");
    if (one == null) {
      one = new Simulator(build(compiler), compiler);
    }
    one.reset();
    return one;
  }

  private static Path build(String compiler) {
    try (Stream<Path> walk = Files.walk(SOURCES)) {
      List<Path> files = walk.filter(Files::isRegularFile).sorted().toList();
      Path library = BUILDS.resolve(hash(compiler, files)).resolve("libmetal-simulator.so");
      if (!Files.exists(library)) {
        Files.createDirectories(library.getParent());
        Path partial = Files.createTempFile(library.getParent(), "build", ".so");
        // As one unit, so that what all files include is compiled once.
        Path unit =
            Files.write(
                library.resolveSibling("simulator.cpp"),
                files.stream()
                    .filter(file -> file.toString().endsWith(".cpp"))
                    .map("#include \"%s\""::formatted)
                    .toList());
        List<String> command = new ArrayList<>(List.of(compiler));
        command.addAll(
            List.of("-std=c++17", "-O2", "-fPIC", "-shared", "-pthread", "-Wall", "-Werror"));
        command.addAll(List.of("-o", partial.toString(), unit.toString(), "-ldl"));
        NativeCompiler.Outcome outcome = NativeCompiler.run(command);
        if (outcome.exit() != 0) {
          throw new IllegalStateException("the simulator does not build:\n" + outcome.output());
        }
        Files.move(partial, library, StandardCopyOption.ATOMIC_MOVE);
      }
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String compiler, List<Path> files) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(compiler.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      for (Path file : files) {
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Where the program finds it instead of the system's libraries. */
  public Libraries libraries() {
    return new Libraries(List.of(library.toString()));
  }

  public Path library() {
    return library;
  }

  /** Forward order, ordinary limits, the latest macOS, nothing reported. */
  public void reset() {
    macOs(LATEST_MACOS);
    order(Order.FORWARD, 0);
    limits(1024, DEFAULT_BUFFER, DEFAULT_WORKING_SET);
    execution(true);
    watch(false);
    fastMath(false);
    takeReport();
  }

  public void order(Order order, int seed) {
    call("simulator_order", order.ordinal(), seed);
  }

  /**
   * @param threads most threads of a threadgroup
   * @param bufferBytes most bytes of a buffer
   * @param workingSet bytes that the device recommends to use
   */
  public void limits(long threads, long bufferBytes, long workingSet) {
    call("simulator_limits", threads, bufferBytes, workingSet);
  }

  /** Makes it a Mac with a release of macOS: 15 is the first that has residency sets. */
  public void macOs(int release) {
    call("simulator_system", release);
  }

  /** Bytes of the buffers that residency sets keep on the GPU. */
  public long residentBytes() {
    return (long) get("simulator_resident", JAVA_LONG);
  }

  /** Whether kernels run; without them only the time to encode them is left. */
  public void execution(boolean on) {
    call("simulator_execution", on ? 1 : 0);
  }

  /**
   * Whether kernels that are compiled from now on are watched: each access to memory is held
   * against the rules of MSL, so that a race fails the command buffer, and is counted. The report
   * names kernel, memory, both threads and their lines.
   */
  public void watch(boolean on) {
    call("simulator_watch", on ? 1 : 0);
  }

  /** Whether kernels that are compiled from now on have fast math, whatever their options say. */
  public void fastMath(boolean on) {
    call("simulator_fast_math", on ? 1 : 0);
  }

  /**
   * What a dispatch of a watched kernel did with a buffer: bytes that were read and written, each
   * counted once for a threadgroup, and summed over threadgroups.
   *
   * @param dispatch counts dispatches
   * @param address of the buffer's content
   */
  public record Traffic(long dispatch, String kernel, long address, long read, long written) {}

  /** What was done since the last call, in the order of execution. */
  public List<Traffic> takeTraffic() {
    return lines("simulator_traffic")
        .map(f ->
            new Traffic(
                Long.parseLong(f[0]),
                f[1],
                Long.parseLong(f[2]),
                Long.parseLong(f[3]),
                Long.parseLong(f[4])))
        .toList();
  }

  /** A buffer that has not been released; its memory may be the caller's, such as a mapped file. */
  public record Allocation(long address, long length, boolean mapped) {}

  /** All buffers that there are. */
  public List<Allocation> allocations() {
    return lines("simulator_buffers")
        .map(f -> new Allocation(Long.parseLong(f[0]), Long.parseLong(f[1]), f[2].equals("1")))
        .toList();
  }

  private Stream<String[]> lines(String name) {
    return text(name).lines().map(line -> line.split(" "));
  }

  /** Makes the next command buffer fail. */
  public void failNext(String reason) {
    try (Arena arena = Arena.ofConfined()) {
      call("simulator_fail_next", arena.allocateFrom(reason));
    }
  }

  /** What was done wrong since the last call, a line for each; empty if nothing. */
  public String takeReport() {
    return text("simulator_report");
  }

  private String text(String name) {
    return ((MemorySegment) get(name, ADDRESS)).reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** Objects that have not been released. */
  public long liveObjects() {
    return (long) get("simulator_live", JAVA_LONG);
  }

  /** Autorelease pools that are open on this thread. */
  public long openPools() {
    return (long) get("simulator_open_pools", JAVA_LONG);
  }

  public Counters counters() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(JAVA_LONG, 7);
      call("simulator_counters", into);
      long[] values = into.toArray(JAVA_LONG);
      return new Counters(
          values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    }
  }

  private void call(String name, Object... arguments) {
    MemoryLayout[] layouts =
        Stream.of(arguments)
            .map(argument ->
                switch (argument) {
                  case Integer _ -> JAVA_INT;
                  case Long _ -> JAVA_LONG;
                  default -> ADDRESS;
                })
            .toArray(MemoryLayout[]::new);
    invoke(name, FunctionDescriptor.ofVoid(layouts), arguments);
  }

  private Object get(String name, MemoryLayout returns) {
    return invoke(name, FunctionDescriptor.of(returns));
  }

  private Object invoke(String name, FunctionDescriptor signature, Object... arguments) {
    try {
      return Linker.nativeLinker()
          .downcallHandle(symbols.findOrThrow(name), signature)
          .invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(name + " threw", e);
    }
  }
}
