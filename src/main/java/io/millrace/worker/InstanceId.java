package io.millrace.worker;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** The name of this process: {@code worker.id}, or the host's name. */
final class InstanceId {
  /** It becomes a part of client ids and transactional ids. */
  private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9._-]{1,100}");

  private InstanceId() {}

  /**
   * @param suffix is added to the host's name, so that two kinds of process on one host differ
   * @throws IllegalArgumentException when the name cannot be used, or the host has none
   */
  static String of(Settings settings, String suffix) {
    String id = settings.get(Settings.WORKER_ID).orElseGet(() -> hostName() + suffix);
    if (!LEGAL.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "%s=%s, expected at most 100 letters, digits, dots, underscores or dashes"
              .formatted(Settings.WORKER_ID.name(), id));
    }
    return id;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "this host has no name; set %s".formatted(Settings.WORKER_ID.name()), e);
    }
  }
}
