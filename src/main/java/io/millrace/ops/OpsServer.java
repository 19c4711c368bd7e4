package io.millrace.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Answers {@code /metrics} (Prometheus' text format) and {@code /health} (JSON; 200 when every part
 * works, else 503) on the loopback address.
 */
public final class OpsServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpServer server;
  private final ExecutorService threads;

  private OpsServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts to listen.
   *
   * @param port 0 takes a free one
   * @throws UncheckedIOException when the port is taken
   */
  public static OpsServer start(int port, Meters meters, Health health) {
    HttpServer server = listen(port);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(threads);
    server.createContext("/", exchange -> answer(exchange, page(exchange, meters, health)));
    server.start();
    return new OpsServer(server, threads);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }

  private static HttpServer listen(int port) {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot listen on port %d for /metrics and /health: %s; set metrics.port to another, or to off"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  private static Page page(HttpExchange exchange, Meters meters, Health health) {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return new Page(405, "text/plain", "Only GET and HEAD.\n");
    }
    return switch (exchange.getRequestURI().getPath()) {
      case "/metrics" -> new Page(200, PROMETHEUS_TEXT, meters.scrape());
      case "/health" -> healthPage(health.report());
      default -> new Page(404, "text/plain", "See /metrics and /health.\n");
    };
  }

  private static Page healthPage(Health.Report report) {
    return new Page(report.status().equals("up") ? 200 : 503, "application/json", json(report));
  }

  private static String json(Health.Report report) {
    try {
      return JSON.writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write " + report, e);
    }
  }

  private static void answer(HttpExchange exchange, Page page) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", page.type());
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.sendResponseHeaders(page.status(), -1);
        return;
      }
      byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(page.status(), body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private record Page(int status, String type, String body) {}
}
