package io.millrace;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reference models and test vectors that live beside the repository, not in it: {@code ../shared},
 * or where {@code -Dmillrace.shared} points.
 */
public final class SharedFiles {
  private SharedFiles() {}

  /** A file or folder among them; the calling test is skipped, saying so, when it is not there. */
  public static Path require(String relative) {
    Path file = Path.of(System.getProperty("millrace.shared", "../shared")).resolve(relative);
    assumeTrue(Files.exists(file), () -> file + " is not here; skipped");
    return file;
  }
}
