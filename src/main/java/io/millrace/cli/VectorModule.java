package io.millrace.cli;

/**
 * Loads the Vector API, an incubator module that {@code java} leaves out by default.
 *
 * <p>{@code --add-modules jdk.incubator.vector} loads it too, but prints a warning on every start
 * that nothing turns off. The JDK's own way to add a module to a running process does not. It is
 * internal: the jar's manifest exports it, and {@code bin/millrace} relies on it only on Java 25,
 * where it was tried; elsewhere it passes the option.
 */
final class VectorModule {
  private static final String NAME = "jdk.incubator.vector";

  private VectorModule() {}

  /**
   * Returns when the Vector API can be used.
   *
   * @throws IllegalStateException if it cannot be loaded
   */
  static void load() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) {
      return;
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "this Java %s did not load %s; start it by bin/millrace or with --add-modules %s"
              .formatted(Runtime.version(), NAME, NAME),
          e);
    }
  }
}
