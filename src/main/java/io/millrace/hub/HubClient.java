package io.millrace.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * Requests to the Hub. Redirects are followed here, so that the token goes to the endpoint's own
 * host only: downloads are redirected to storage elsewhere.
 */
final class HubClient implements AutoCloseable {
  private static final int MAX_REDIRECTS = 8;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(15);

  private final HubSettings settings;
  private final HttpClient http;

  HubClient(HubSettings settings) {
    this.settings = settings;
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(CONNECT_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** An answer with a status that another try may change. */
  static final class BusyException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient Optional<Duration> retryAfter;

    BusyException(String message, Optional<Duration> retryAfter) {
      super(message);
      this.retryAfter = retryAfter;
    }

    Optional<Duration> retryAfter() {
      return retryAfter;
    }
  }

  /**
   * Gets a document.
   *
   * @param from first byte that is wanted
   * @return an answer with status 200, 206 or 416
   * @throws HubException when the server refuses for good
   * @throws IOException when another try may help
   */
  HttpResponse<InputStream> get(URI uri, long from) throws IOException, InterruptedException {
    URI target = uri;
    for (int i = 0; i < MAX_REDIRECTS; i++) {
      HttpResponse<InputStream> response = send(target, from);
      int status = response.statusCode();
      if (status == 200 || status == 206 || status == 416) {
        return response;
      }
      response.body().close();
      if (status / 100 != 3) {
        throw refused(uri, response);
      }
      target = redirect(target, response);
    }
    throw new HubException("%s: more than %d redirects".formatted(uri, MAX_REDIRECTS));
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private HttpResponse<InputStream> send(URI uri, long from)
      throws IOException, InterruptedException {
    try {
      return http.send(request(uri, from), BodyHandlers.ofInputStream());
    } catch (ConnectException e) { // its own message is empty
      throw new IOException("no connection to " + uri.getAuthority());
    }
  }

  private HttpRequest request(URI uri, long from) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(settings.stall())
            .header("User-Agent", "millrace")
            .header("Accept-Encoding", "identity");
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    if (isEndpoint(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    return request.build();
  }

  private boolean isEndpoint(URI uri) {
    URI endpoint = settings.endpoint();
    return endpoint.getScheme().equals(uri.getScheme())
        && endpoint.getHost().equals(uri.getHost())
        && endpoint.getPort() == uri.getPort();
  }

  private static URI redirect(URI from, HttpResponse<?> response) {
    String location =
        response
            .headers()
            .firstValue("Location")
            .orElseThrow(() -> new HubException(from + ": a redirect without a location"));
    URI target;
    try {
      target = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(from + ": a redirect to " + location, e);
    }
    boolean safe =
        "https".equals(target.getScheme())
            || "http".equals(target.getScheme()) && "http".equals(from.getScheme());
    if (!safe || target.getHost() == null) {
      throw new HubException("%s: a redirect to %s, expected https".formatted(from, target));
    }
    return target;
  }

  /** Gives back what another try may change, and throws what is for good. */
  private IOException refused(URI uri, HttpResponse<?> response) {
    int status = response.statusCode();
    if (status == 429 || status == 408 || status >= 500) {
      return new BusyException(
          "%s answers %d".formatted(uri.getHost(), status),
          response.headers().firstValue("Retry-After").flatMap(HubClient::retryAfter));
    }
    throw new HubException(
        switch (status) {
          case 401, 403 ->
              settings.token().isPresent()
                  ? ("%s answers %d: the token of HF_TOKEN may not read it; accept the model's"
                          + " licence on the Hub, or use another token")
                      .formatted(uri, status)
                  : "%s answers %d: there is no such repository, or it needs a token; set HF_TOKEN"
                      .formatted(uri, status);
          case 404 -> "%s answers 404: there is no such repository or file".formatted(uri);
          default -> "%s answers %d".formatted(uri, status);
        });
  }

  /** Seconds, or a date. */
  private static Optional<Duration> retryAfter(String value) {
    try {
      return value.chars().allMatch(Character::isDigit)
          ? Optional.of(Duration.ofSeconds(Long.parseLong(value)))
          : Optional.of(
              Duration.between(
                  ZonedDateTime.now(),
                  ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)));
    } catch (DateTimeParseException | NumberFormatException e) {
      return Optional.empty();
    }
  }
}
