package io.millrace.cli;

import io.millrace.hub.Hub;
import io.millrace.hub.HubException;
import io.millrace.hub.HubSettings;
import io.millrace.hub.ModelReference;
import java.io.PrintWriter;
import java.nio.file.Path;

/** Fetches models for commands, with the settings of the environment. */
final class HubDownload {
  private HubDownload() {}

  /**
   * The model's file or folder; fetched when it is not in the cache.
   *
   * @throws HubException when it cannot be had
   */
  static Path fetch(ModelReference reference, PrintWriter err) {
    HubSettings settings =
        HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home")));
    boolean terminal = System.console() != null && System.console().isTerminal();
    try {
      return new Hub(settings).fetch(reference, new DownloadBar(err, terminal));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while fetching " + reference.repository(), e);
    }
  }
}
