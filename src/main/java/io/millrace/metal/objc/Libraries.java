package io.millrace.metal.objc;

import java.util.List;

/**
 * Where the native code is. The names are given to the loader as they are: the system's frameworks
 * are no files on disk.
 *
 * @param names libraries that together hold the Objective-C runtime, Foundation and Metal
 */
public record Libraries(List<String> names) {
  /** Names a library that stands in for the system's, such as a simulator. */
  public static final String PROPERTY = "millrace.metal.library";

  public Libraries {
    names = List.copyOf(names);
  }

  /** Whether this machine should have Metal: it is a Mac, or a library is named. */
  public static boolean expected() {
    return System.getProperty("os.name").startsWith("Mac") || System.getProperty(PROPERTY) != null;
  }

  /** Those of macOS, unless the system property {@value #PROPERTY} names another one. */
  public static Libraries system() {
    String other = System.getProperty(PROPERTY);
    if (other != null) {
      return new Libraries(List.of(other));
    }
    return new Libraries(
        List.of(
            "/usr/lib/libobjc.A.dylib",
            "/System/Library/Frameworks/Foundation.framework/Foundation",
            "/System/Library/Frameworks/Metal.framework/Metal"));
  }
}
