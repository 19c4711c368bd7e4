package io.millrace.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A commit of a repository.
 *
 * @param commit its SHA-1, in hexadecimal
 * @param files all of them
 */
record Snapshot(String commit, List<RepositoryFile> files) {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final int MAX_FILES = 100_000;

  /**
   * Reads what the server says about a repository.
   *
   * @throws HubException when it makes no sense
   */
  static Snapshot read(JsonNode json) {
    String commit = json.path("sha").asText();
    if (!COMMIT.matcher(commit).matches()) {
      throw new HubException("the server names no commit");
    }
    JsonNode siblings = json.path("siblings");
    if (siblings.size() > MAX_FILES) {
      throw new HubException("the repository has more than %d files".formatted(MAX_FILES));
    }
    List<RepositoryFile> files = new ArrayList<>();
    for (JsonNode file : siblings) {
      JsonNode large = file.path("lfs");
      files.add(
          large.isObject()
              ? new RepositoryFile(
                  file.path("rfilename").asText(),
                  large.path("size").asLong(-1),
                  large.path("sha256").asText())
              : new RepositoryFile(
                  file.path("rfilename").asText(),
                  file.path("size").asLong(-1),
                  file.path("blobId").asText()));
    }
    return new Snapshot(commit, List.copyOf(files));
  }
}
