package io.millrace.hub;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where models come from and where they go, from the environment variables that Hugging Face's own
 * tools read.
 *
 * @param endpoint {@code HF_ENDPOINT}
 * @param token {@code HF_TOKEN}, else the file that {@code huggingface-cli login} writes
 * @param cache {@code HF_HUB_CACHE}, else {@code hub} in {@code HF_HOME}
 * @param offline {@code HF_HUB_OFFLINE}: only what is in the cache
 * @param patience first pause before a request is tried again; it doubles each time
 * @param stall after which a connection without data is given up
 */
public record HubSettings(
    URI endpoint,
    Optional<String> token,
    Path cache,
    boolean offline,
    Duration patience,
    Duration stall) {
  private static final Set<String> YES = Set.of("1", "true", "yes", "on");

  public HubSettings {
    requireNonNull(endpoint, "endpoint is null");
    requireNonNull(token, "token is null");
    requireNonNull(cache, "cache is null");
  }

  /**
   * Settings of an environment.
   *
   * @param home directory of the user
   * @throws HubException when a variable makes no sense
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    Path base =
        variable(environment, "XDG_CACHE_HOME")
            .map(Path::of)
            .orElseGet(() -> home.resolve(".cache"));
    Path huggingFace =
        variable(environment, "HF_HOME").map(Path::of).orElseGet(() -> base.resolve("huggingface"));
    return new HubSettings(
        endpoint(variable(environment, "HF_ENDPOINT").orElse("https://huggingface.co")),
        variable(environment, "HF_TOKEN").or(() -> tokenFile(environment, huggingFace)),
        variable(environment, "HF_HUB_CACHE")
            .or(() -> variable(environment, "HUGGINGFACE_HUB_CACHE"))
            .map(Path::of)
            .orElseGet(() -> huggingFace.resolve("hub")),
        variable(environment, "HF_HUB_OFFLINE")
            .map(value -> YES.contains(value.toLowerCase(Locale.ROOT)))
            .orElse(false),
        Duration.ofSeconds(1),
        Duration.ofSeconds(30));
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }

  private static Optional<String> tokenFile(Map<String, String> environment, Path huggingFace) {
    Path file =
        variable(environment, "HF_TOKEN_PATH")
            .map(Path::of)
            .orElseGet(() -> huggingFace.resolve("token"));
    try {
      return Files.isRegularFile(file)
          ? Optional.of(Files.readString(file).strip()).filter(token -> !token.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      throw new HubException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static URI endpoint(String value) {
    String text = value.replaceFirst("/+$", "");
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null
          && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Refused below.
    }
    throw new HubException(
        "HF_ENDPOINT is %s, expected a URL such as https://huggingface.co".formatted(value));
  }
}
