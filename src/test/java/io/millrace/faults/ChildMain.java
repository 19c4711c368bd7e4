package io.millrace.faults;

import java.util.Arrays;

/**
 * Runs the main method of another class, and ends the process when the one that started it has
 * ended, however that happened.
 */
final class ChildMain {
  private static final int EXIT = 137;

  private ChildMain() {}

  /** Arguments: the class, and its arguments. */
  public static void main(String[] args) throws ReflectiveOperationException {
    ProcessHandle.current()
        .parent()
        .ifPresent(parent -> parent.onExit().thenRun(() -> Runtime.getRuntime().halt(EXIT)));
    Class.forName(args[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
  }
}
