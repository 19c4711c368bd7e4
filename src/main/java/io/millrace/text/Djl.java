package io.millrace.text;

/** What the native tokenizers of DJL have in common. */
final class Djl {
  private Djl() {}

  /** To be called before the first use. */
  static void configure() {
    // DJL reports its use over the network otherwise, and looks for GPUs that it would not use.
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
  }

  /** A native library that is not there, or cannot be unpacked. */
  static IllegalStateException notLoaded(String library, Throwable failure) {
    return new IllegalStateException(
        ("%s's native library cannot be loaded on %s %s: %s. It is there for Linux (x86-64, aarch64;"
                + " glibc), macOS (aarch64) and Windows (x86-64), and is unpacked to ~/.djl.ai or"
                + " the directory that DJL_CACHE_DIR names.")
            .formatted(
                library,
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                rootCause(failure)),
        failure);
  }

  private static Throwable rootCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
