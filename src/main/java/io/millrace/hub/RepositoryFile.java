package io.millrace.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;

/**
 * A file of a repository, as the server describes it.
 *
 * @param path in the repository, checked
 * @param size in bytes
 * @param checksum in hexadecimal: SHA-256 of a large file, else the SHA-1 of git's blob; also its
 *     name in the cache
 */
record RepositoryFile(String path, long size, String checksum) {
  private static final Pattern CHECKSUM = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final int MAX_PATH = 512;
  private static final int SHA_1_DIGITS = 40;

  RepositoryFile {
    checkPath(path);
    if (size < 0) {
      throw new HubException("the server gives %s a size of %d".formatted(path, size));
    }
    if (!CHECKSUM.matcher(checksum).matches()) {
      throw new HubException("the server gives %s no checksum".formatted(path));
    }
  }

  /**
   * Checks that a path stays inside the folder that it is put into.
   *
   * @throws HubException when it does not
   */
  static void checkPath(String path) {
    boolean odd =
        path.isEmpty()
            || path.length() > MAX_PATH
            || path.chars().anyMatch(c -> c < ' ' || c == 127 || c == '\\' || c == ':');
    for (String part : path.split("/", -1)) {
      odd |= part.isEmpty() || part.equals(".") || part.equals("..");
    }
    if (odd) {
      throw new HubException(
          "\"%s\" is no path inside a repository".formatted(path.replaceAll("\\p{Cntrl}", "?")));
    }
  }

  String fileName() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  boolean isInFolder() {
    return path.contains("/");
  }

  /** A digest that has seen what the checksum covers before the contents. */
  MessageDigest digest() {
    try {
      if (checksum.length() != SHA_1_DIGITS) {
        return MessageDigest.getInstance("SHA-256");
      }
      MessageDigest git = MessageDigest.getInstance("SHA-1");
      git.update(("blob " + size + "\0").getBytes(StandardCharsets.UTF_8));
      return git;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-1 and SHA-256", e);
    }
  }
}
