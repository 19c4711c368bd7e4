package io.millrace.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Fetches one file into the cache. Bytes go to {@code <checksum>.incomplete}, from which a later
 * run goes on; the file gets its name when size and checksum are right.
 */
final class BlobDownload {
  private static final int BUFFER = 256 * 1024;

  private final HubClient client;
  private final HubSettings settings;
  private final ScheduledExecutorService watch;
  private final Progress progress;
  private long furthest;

  /** For one file. */
  BlobDownload(
      HubClient client, HubSettings settings, ScheduledExecutorService watch, Progress progress) {
    this.client = client;
    this.settings = settings;
    this.watch = watch;
    this.progress = progress;
  }

  /**
   * Fetches a file, unless it is there.
   *
   * @throws HubException when it cannot be had
   */
  void fetch(URI uri, RepositoryFile file, Path blob) throws InterruptedException {
    Path incomplete = blob.resolveSibling(blob.getFileName() + ".incomplete");
    try (FileChannel out =
            FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var _ = out.lock()) { // another process may be fetching it
      if (Files.exists(blob)) {
        progress.advance(file.size());
        return;
      }
      long there = Math.min(out.size(), file.size());
      out.truncate(there);
      out.position(there);
      progress.advance(there);
      furthest = there;
      Retries retries = new Retries(settings.patience(), progress);
      retries.run(
          file.path(),
          () -> {
            receive(uri, file, out, retries);
            return null;
          });
      out.force(true);
      verify(file, incomplete, out);
      Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new HubException("%s cannot be written: %s".formatted(blob, e.getMessage()), e);
    }
  }

  /** Receives what is missing; throws when the connection ends before. */
  private void receive(URI uri, RepositoryFile file, FileChannel out, Retries retries)
      throws IOException, InterruptedException {
    long from = out.position();
    if (from == file.size()) {
      return;
    }
    HttpResponse<InputStream> response = client.get(uri, from);
    try (InputStream body = response.body()) {
      if (response.statusCode() == 416 || from > 0 && !continues(response, from)) {
        restart(out);
      }
      if (response.statusCode() == 416) {
        throw new IOException("the server has no bytes from %d on".formatted(from));
      }
      long announced = response.headers().firstValueAsLong("Content-Length").orElse(-1);
      if (announced >= 0 && announced != file.size() - out.position()) {
        throw new IOException(
            "the server announces %d bytes, expected %d"
                .formatted(announced, file.size() - out.position()));
      }
      copy(body, file, out, retries);
    }
  }

  /** Whether the answer begins where it was asked to. */
  private static boolean continues(HttpResponse<?> response, long from) {
    return response.statusCode() == 206
        && response
            .headers()
            .firstValue("Content-Range")
            .map(range -> range.startsWith("bytes " + from + "-"))
            .orElse(false);
  }

  private void restart(FileChannel out) throws IOException {
    progress.advance(-out.position());
    out.truncate(0);
    out.position(0);
  }

  private void copy(InputStream body, RepositoryFile file, FileChannel out, Retries retries)
      throws IOException {
    AtomicLong lastByte = new AtomicLong(System.nanoTime());
    long stall = settings.stall().toNanos();
    ScheduledFuture<?> guard =
        watch.scheduleAtFixedRate(
            () -> {
              if (System.nanoTime() - lastByte.get() > stall) {
                closeQuietly(body);
              }
            },
            stall / 4,
            stall / 4,
            TimeUnit.NANOSECONDS);
    try {
      byte[] buffer = new byte[BUFFER];
      for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
        lastByte.set(System.nanoTime());
        if (read > file.size() - out.position()) {
          restart(out);
          throw new IOException("the server sends more than %d bytes".formatted(file.size()));
        }
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        if (out.position() > furthest) {
          furthest = out.position();
          retries.advanced();
        }
        progress.advance(read);
      }
    } finally {
      guard.cancel(false);
    }
    if (out.position() < file.size()) {
      throw new IOException(
          "the connection ended after %d of %d bytes".formatted(out.position(), file.size()));
    }
  }

  private void verify(RepositoryFile file, Path incomplete, FileChannel out) throws IOException {
    MessageDigest digest = file.digest();
    try (InputStream in = Files.newInputStream(incomplete)) {
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(file.checksum())) {
      out.truncate(0);
      throw new HubException(
          "%s has the checksum %s, expected %s; what was fetched is thrown away, try again"
              .formatted(file.path(), found, file.checksum()));
    }
  }

  private static void closeQuietly(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      // The reader hears of it.
    }
  }
}
