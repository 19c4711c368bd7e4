package io.millrace.worker;

/** The version of this build. */
public final class Version {
  private Version() {}

  /** What the jar's manifest says, {@code dev} when running from loose classes. */
  public static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
