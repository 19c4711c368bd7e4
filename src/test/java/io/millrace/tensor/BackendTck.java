package io.millrace.tensor;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every {@link Backend} must compute: the same as {@link ReferenceBackend}, over all types and
 * awkward sizes, within a tolerance that grows with the number of terms added.
 */
public abstract class BackendTck
    implements RowsTck, MatmulTck, RotationTck, AttentionTck, ContractTck {
  private Backend backend;
  private Backend reference;

  /** A new backend; the kit closes it. */
  protected abstract Backend create();

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public Backend reference() {
    return reference;
  }

  @Override
  public double tolerated(double tolerance, DType dtype) {
    return tolerance;
  }

  @BeforeEach
  void open() {
    backend = create();
    reference = new ReferenceBackend();
  }

  @AfterEach
  void close() {
    backend.close();
    reference.close();
  }
}
