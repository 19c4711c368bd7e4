package io.millrace.cpu;

import io.millrace.tensor.Backend;
import io.millrace.tensor.BackendTck;

class CpuBackendTest extends BackendTck {
  @Override
  protected Backend create() {
    return new CpuBackend(2);
  }
}
