package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.metal.objc.CommandBuffer;
import io.millrace.metal.objc.MetalException;
import io.millrace.metal.objc.Pipeline;
import io.millrace.metal.objc.Queue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * What has been issued since the last commit: one command buffer, and the small tables that its
 * kernels read, such as tokens and page numbers.
 */
final class Step implements AutoCloseable {
  private static final long ALIGNMENT = 256;
  private static final long INITIAL_BYTES = 1 << 20;
  private static final int MAX_ARGUMENTS = 16;

  private final Queue queue;
  private final DeviceMemory memory;
  private final Hazards hazards = new Hazards();
  private final MemorySegment arguments =
      Arena.ofAuto().allocate(ValueLayout.JAVA_INT, MAX_ARGUMENTS);
  private Optional<CommandBuffer> commands = Optional.empty();
  private Buffer tables;
  private long tableBytes;

  Step(Queue queue, DeviceMemory memory) {
    this.queue = queue;
    this.memory = memory;
    this.tables = memory.allocate("tables of a step", INITIAL_BYTES);
  }

  /** A table in the memory that CPU and GPU share, until the next commit. */
  record Table(Buffer buffer, long offset, MemorySegment contents) {}

  /** A kernel to run next. */
  Dispatch encode(Pipeline kernel) {
    if (commands.isEmpty()) {
      commands = Optional.of(queue.begin());
    }
    return new Dispatch(commands.get().encoder().pipeline(kernel), hazards);
  }

  /** The arguments of a kernel, to be copied at once; a float goes as its raw bits. */
  MemorySegment arguments(int... values) {
    MemorySegment.copy(values, 0, arguments, ValueLayout.JAVA_INT, 0, values.length);
    return arguments.asSlice(0, (long) Integer.BYTES * values.length);
  }

  Table table(int[] values) {
    Table table = table((long) Integer.BYTES * values.length);
    MemorySegment.copy(values, 0, table.contents, ValueLayout.JAVA_INT, 0, values.length);
    return table;
  }

  Table table(float[] values) {
    Table table = table((long) Float.BYTES * values.length);
    MemorySegment.copy(values, 0, table.contents, ValueLayout.JAVA_FLOAT, 0, values.length);
    return table;
  }

  /** Room for a table. When there is none, another buffer takes over, once for that size. */
  private Table table(long bytes) {
    if (tableBytes + bytes > tables.contents().byteSize()) {
      // The one before stays until the backend closes: kernels that were issued may read it.
      long wanted = Math.max(2 * tables.contents().byteSize(), bytes);
      tables = memory.allocate("tables of a step", wanted);
      tableBytes = 0;
    }
    long offset = tableBytes;
    tableBytes = Math.ceilDiv(offset + bytes, ALIGNMENT) * ALIGNMENT;
    return new Table(tables, offset, tables.contents().asSlice(offset, bytes));
  }

  /**
   * Runs what was issued.
   *
   * @throws IllegalStateException when the GPU failed
   */
  void commit() {
    if (commands.isPresent()) {
      memory.makeResident();
      try (CommandBuffer running = commands.get()) {
        running.run();
      } catch (MetalException e) {
        throw new IllegalStateException(e.getMessage(), e);
      } finally {
        commands = Optional.empty();
        hazards.clear();
        tableBytes = 0;
      }
    }
  }

  /** Forgets what was issued and not committed. */
  @Override
  public void close() {
    commands.ifPresent(CommandBuffer::close);
    commands = Optional.empty();
    hazards.clear();
  }
}
