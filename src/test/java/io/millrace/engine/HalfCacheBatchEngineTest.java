package io.millrace.engine;

import static io.millrace.engine.EngineRig.request;
import static io.millrace.engine.EngineRig.submit;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.cpu.CpuBackend;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import org.junit.jupiter.api.Test;

/** What holds of the engine holds with keys and values in f16 too. */
class HalfCacheBatchEngineTest extends BatchEngineTest {
  @Override
  protected Backend backend() {
    return new CpuBackend(1);
  }

  @Override
  protected DType cacheType(Backend backend) {
    return DType.F16;
  }

  @Test
  void shouldChooseTheTokensOfF32() throws Exception {
    EngineRig precise = new EngineRig(this::backend);
    EngineRig half = new EngineRig(this::backend, this::cacheType);
    try {
      GenerationRequest greedy = request("a prompt of more than one page of tokens", 40, 0);

      int[] tokens = submit(half.engine(1, 4), greedy).await().tokens();

      assertThat(tokens).isEqualTo(submit(precise.engine(1, 4), greedy).await().tokens());
    } finally {
      precise.close();
      half.close();
    }
  }
}
