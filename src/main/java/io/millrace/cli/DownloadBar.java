package io.millrace.cli;

import io.millrace.hub.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Shows a download: one line that changes on a terminal, else a line now and then. */
final class DownloadBar implements Progress {
  private static final int WIDTH = 30;
  private static final Duration ON_TERMINAL = Duration.ofMillis(200);
  private static final Duration ELSEWHERE = Duration.ofSeconds(10);

  private final PrintWriter err;
  private final boolean terminal;
  private final long between;
  private long total;
  private long done;
  private long start;
  private long startedWith;
  private long lastShown;

  /**
   * @param terminal whether {@code err} is one
   */
  DownloadBar(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
    this.between = (terminal ? ON_TERMINAL : ELSEWHERE).toNanos();
  }

  @Override
  public synchronized void begin(int files, long bytes) {
    total = bytes;
    start = System.nanoTime();
    lastShown = start;
    if (files > 0) {
      err.printf(Locale.ROOT, "Fetching %d files, %.1f MB%n", files, bytes / 1e6);
      err.flush();
    }
  }

  @Override
  public synchronized void advance(long bytes) {
    long now = System.nanoTime();
    done += bytes;
    if (now - start < between / 10) {
      startedWith = done; // what an earlier run has fetched
    }
    if (now - lastShown >= between) {
      lastShown = now;
      show(now);
    }
  }

  @Override
  public synchronized void retry(String reason) {
    err.printf("%s%s; trying again%n", terminal ? "\r\033[K" : "", reason);
    err.flush();
  }

  @Override
  public synchronized void end() {
    if (total > 0) {
      show(System.nanoTime());
      if (terminal) {
        err.println();
      }
      err.flush();
    }
  }

  private void show(long now) {
    double share = total == 0 ? 1 : (double) done / total;
    double rate = (done - startedWith) / 1e6 / Math.max((now - start) / 1e9, 1e-3);
    String line =
        String.format(
            Locale.ROOT,
            "%3.0f %%  %.1f of %.1f MB  %.1f MB/s",
            share * 100,
            done / 1e6,
            total / 1e6,
            rate);
    if (terminal) {
      int filled = Math.clamp(Math.round(share * WIDTH), 0, WIDTH);
      err.print("\r\033[K[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] " + line);
    } else {
      err.println(line);
    }
    err.flush();
  }
}
