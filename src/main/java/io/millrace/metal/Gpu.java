package io.millrace.metal;

import io.millrace.metal.objc.Device;
import io.millrace.metal.objc.GpuFamily;
import io.millrace.metal.objc.Libraries;
import io.millrace.metal.objc.MetalException;
import io.millrace.metal.objc.Queue;

/** The machine's GPU with the kernels on it. */
record Gpu(Device device, Queue queue, Kernels kernels) implements AutoCloseable {
  /**
   * Opens it and compiles the kernels.
   *
   * @throws MetalException when there is no Metal here, or the GPU cannot run the kernels
   */
  static Gpu open(Libraries libraries) {
    Device device = Device.systemDefault(libraries);
    try {
      if (!device.supports(GpuFamily.APPLE_7)) {
        throw new MetalException(
            "%s is no Apple GPU: Millrace needs an M1 or later".formatted(device.name()));
      }
      return new Gpu(device, device.newQueue(), new Kernels(device));
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  @Override
  public void close() {
    kernels.close();
    queue.close();
    device.close();
  }
}
