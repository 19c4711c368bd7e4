package io.millrace.faults;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Runs the main method of another class, and ends the process when the one that started it has
 * ended, however that happened: its input ends then.
 */
final class ChildMain {
  private static final int EXIT = 137;

  private ChildMain() {}

  /** Arguments: the class, and its arguments. */
  public static void main(String[] args) throws ReflectiveOperationException {
    Thread.ofPlatform().daemon().name("parent-watch").start(ChildMain::endWithParent);
    Class.forName(args[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
  }

  private static void endWithParent() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // The same.
    }
    Runtime.getRuntime().halt(EXIT);
  }
}
