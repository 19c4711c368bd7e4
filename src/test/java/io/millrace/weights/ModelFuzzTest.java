package io.millrace.weights;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that neither give a model nor a clear error. In every build these run on the seeds and on
 * what was found before, which is in {@code ModelFuzzTestInputs}; {@code JAZZER_FUZZ=1 mvn test
 * -Dtest=ModelFuzzTest#gguf} lets Jazzer look for more, and keep there what it finds.
 */
class ModelFuzzTest {
  @TempDir private Path folder;

  @MethodSource("ggufSeeds")
  @FuzzTest(maxDuration = "3m")
  void gguf(byte[] content) {
    HostileModel.GGUF.use(folder, content);
  }

  @MethodSource("safetensorsSeeds")
  @FuzzTest(maxDuration = "3m")
  void safetensors(byte[] content) {
    HostileModel.SAFETENSORS.use(folder, content);
  }

  @MethodSource("npzSeeds")
  @FuzzTest(maxDuration = "3m")
  void npz(byte[] content) {
    HostileModel.NPZ.use(folder, content);
  }

  @MethodSource("configSeeds")
  @FuzzTest(maxDuration = "3m")
  void config(byte[] content) {
    HostileModel.CONFIG.use(folder, content);
  }

  @MethodSource("tokenizerSeeds")
  @FuzzTest(maxDuration = "3m")
  void tokenizer(byte[] content) {
    HostileModel.TOKENIZER.use(folder, content);
  }

  static Stream<Arguments> ggufSeeds() {
    return seeds(HostileModel.GGUF);
  }

  static Stream<Arguments> safetensorsSeeds() {
    return seeds(HostileModel.SAFETENSORS);
  }

  static Stream<Arguments> npzSeeds() {
    return seeds(HostileModel.NPZ, HostileModel.DEFLATED_NPZ);
  }

  static Stream<Arguments> configSeeds() {
    return seeds(HostileModel.CONFIG);
  }

  static Stream<Arguments> tokenizerSeeds() {
    return seeds(HostileModel.TOKENIZER);
  }

  private static Stream<Arguments> seeds(HostileModel... formats) {
    return Stream.of(formats).map(format -> Arguments.of((Object) format.seed()));
  }
}
