package io.millrace.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that speaks like the Hugging Face Hub, and misbehaves when told to. */
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> files = new ConcurrentSkipListMap<>();
  private final Map<String, ObjectNode> listing = new ConcurrentSkipListMap<>();
  private final Map<String, int[]> statuses = new ConcurrentHashMap<>();
  private final Map<String, String> retryAfter = new ConcurrentHashMap<>();
  private final Map<String, URI> redirects = new ConcurrentHashMap<>();
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private final AtomicInteger downloads = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile int cut = Integer.MAX_VALUE;
  private volatile boolean ignoresRanges;
  private volatile String corrupted = "";
  private volatile String stalled = "";

  FakeHub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  void addLarge(String path, byte[] contents) {
    files.put(path, contents);
    ObjectNode file = new ObjectMapper().createObjectNode().put("rfilename", path);
    file.putObject("lfs").put("sha256", sha256(contents)).put("size", contents.length);
    listing.put(path, file);
  }

  void addSmall(String path, String contents) {
    byte[] bytes = contents.getBytes(UTF_8);
    files.put(path, bytes);
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    blob.writeBytes(("blob " + bytes.length + "\0").getBytes(UTF_8));
    blob.writeBytes(bytes);
    listing.put(
        path,
        new ObjectMapper()
            .createObjectNode()
            .put("rfilename", path)
            .put("size", bytes.length)
            .put("blobId", digest("SHA-1", blob.toByteArray())));
  }

  void claimSize(String path, int size) {
    ((ObjectNode) listing.get(path).get("lfs")).put("size", size);
  }

  /** Every answer ends after so many bytes. */
  void cutAfter(int bytes) {
    cut = bytes;
  }

  void ignoreRanges() {
    ignoresRanges = true;
  }

  void corrupt(String path) {
    corrupted = path;
  }

  void stall(String path) {
    stalled = path;
  }

  void repair() {
    corrupted = "";
  }

  void answer(String path, int status) {
    statuses.put(path, new int[] {status, Integer.MAX_VALUE});
  }

  void answer(String path, int status, String comeBack) {
    answer(path, status);
    retryAfter.put(path, comeBack);
  }

  void answerOnce(String path, int status, String comeBack) {
    statuses.put(path, new int[] {status, 1});
    retryAfter.put(path, comeBack);
  }

  void redirect(String path, FakeHub other) {
    redirects.put(path, other.endpoint().resolve("/owner/model/resolve/" + COMMIT + "/" + path));
  }

  /** Ranges that were asked for. */
  List<String> ranges() {
    return ranges;
  }

  List<String> tokens() {
    return tokens;
  }

  int downloads() {
    return downloads.get();
  }

  static String sha256(byte[] contents) {
    return digest("SHA-256", contents);
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      List<String> given = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
      tokens.addAll(given);
      boolean isListing = path.startsWith("/api/models/");
      String name = isListing ? "api" : path.replaceFirst("^/[^/]+/[^/]+/resolve/[^/]+/", "");
      int[] status = statuses.get(name);
      if (status != null && status[1]-- > 0) {
        if (retryAfter.containsKey(name)) {
          exchange.getResponseHeaders().add("Retry-After", retryAfter.get(name));
        }
        exchange.sendResponseHeaders(status[0], -1);
      } else if (redirects.containsKey(name)) {
        exchange.getResponseHeaders().add("Location", redirects.get(name).toString());
        exchange.sendResponseHeaders(302, -1);
      } else if (isListing) {
        ObjectNode answer = new ObjectMapper().createObjectNode().put("sha", COMMIT);
        answer.putArray("siblings").addAll(listing.values());
        send(exchange, 200, answer.toString().getBytes(UTF_8), Integer.MAX_VALUE);
      } else {
        download(exchange, name);
      }
    }
  }

  private void download(HttpExchange exchange, String name) throws IOException {
    downloads.incrementAndGet();
    byte[] contents = files.get(name);
    if (contents == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    contents = contents.clone();
    if (name.equals(corrupted)) {
      contents[contents.length / 2] ^= 1;
    }
    if (name.equals(stalled)) {
      exchange.sendResponseHeaders(200, contents.length);
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    if (range == null || ignoresRanges) {
      send(exchange, 200, contents, cut);
      return;
    }
    ranges.add(range);
    int from = Integer.parseInt(range.replaceAll("\\D", ""));
    exchange
        .getResponseHeaders()
        .add(
            "Content-Range",
            "bytes %d-%d/%d".formatted(from, contents.length - 1, contents.length));
    send(exchange, 206, Arrays.copyOfRange(contents, from, contents.length), cut);
  }

  private static void send(HttpExchange exchange, int status, byte[] bytes, int most)
      throws IOException {
    exchange.sendResponseHeaders(status, bytes.length);
    OutputStream body = exchange.getResponseBody();
    body.write(bytes, 0, Math.min(bytes.length, most));
    body.flush();
  }

  private static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
