package io.millrace.worker;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The small model that comes with Millrace, as a file: models are mapped into memory, which cannot
 * be done inside a jar.
 */
public final class BundledModel implements AutoCloseable {
  private static final String FOLDER = "/demo-model/";
  private static final String MODEL = "tales.gguf";
  private static final String PROMPTS = "prompts.txt";

  private final Path directory;

  private BundledModel(Path directory) {
    this.directory = directory;
  }

  /** Copies the model to a temporary directory, which is deleted on close. */
  public static BundledModel unpack() {
    try (InputStream model = resource(MODEL)) {
      BundledModel unpacked =
          new BundledModel(Files.createTempDirectory("millrace-model-").toRealPath());
      Files.copy(model, unpacked.path());
      return unpacked;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack the bundled model: " + e.getMessage(), e);
    }
  }

  /** The GGUF file. */
  public Path path() {
    return directory.resolve(MODEL);
  }

  /** Prompts of the kind that the model was trained on. */
  public static List<String> prompts() {
    try (InputStream prompts = resource(PROMPTS)) {
      return new String(prompts.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + PROMPTS, e);
    }
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(path());
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + directory, e);
    }
  }

  private static InputStream resource(String name) {
    return requireNonNull(
        BundledModel.class.getResourceAsStream(FOLDER + name), name + " is not packaged");
  }
}
