package io.millrace.metal.objc;

import io.millrace.metal.Simulator;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A device of the simulator, and the way to run kernels of a few lines on it. */
abstract class SimulatorRig {
  static final String HEADER = "#include <metal_stdlib>\nusing namespace metal;\n";

  Simulator simulator;
  Device device;
  Queue queue;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
    device = Device.systemDefault(simulator.libraries());
    queue = device.newQueue();
  }

  @AfterEach
  void close() {
    queue.close();
    device.close();
    simulator.reset();
  }

  /** A buffer of so many floats, each NaN. */
  final Buffer floats(int count) {
    return device.newBuffer((long) Float.BYTES * count);
  }

  /** A kernel {@code test} of one threadgroup that writes {@code out}. */
  static String kernel(String body) {
    return HEADER
        + """
        kernel void test(device float* out [[buffer(0)]],
                         ushort index [[thread_index_in_threadgroup]],
                         ushort lane [[thread_index_in_simdgroup]]) {
        %s
        }
        """
            .formatted(body);
  }

  final String failure(String body, Consumer<Encoder> encode) {
    try {
      run(kernel(body), "test", encode);
      return "";
    } catch (MetalException e) {
      simulator.takeReport();
      return e.getMessage();
    }
  }

  final void run(String msl, String kernel, Consumer<Encoder> encode) {
    try (Library library = device.compile(msl);
        Pipeline pipeline = library.pipeline(kernel, List.of());
        CommandBuffer commands = queue.begin()) {
      encode.accept(commands.encoder().pipeline(pipeline));
      commands.run();
    }
  }
}
