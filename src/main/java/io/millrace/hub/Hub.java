package io.millrace.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;

/**
 * Models from the Hugging Face Hub, in the cache that Hugging Face's own tools use: {@code blobs/}
 * holds contents under their checksums, {@code snapshots/<commit>/} links to them under their
 * names, and {@code refs/main} names the commit. Links are made when everything is there, so that a
 * download that was cut off never looks whole.
 */
public final class Hub {
  private static final String REVISION = "main";
  private static final int PARALLEL = 4;
  private static final int MAX_LISTING_BYTES = 64 << 20;

  private final HubSettings settings;

  public Hub(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * The model's file or folder in the cache; fetches what is missing.
   *
   * @throws HubException when it cannot be had
   */
  public Path fetch(ModelReference reference, Progress progress) throws InterruptedException {
    Path folder = settings.cache().resolve(reference.folder());
    if (settings.offline()) {
      return new CachedModel(folder, REVISION).find(reference);
    }
    try (HubClient client = new HubClient(settings)) {
      Snapshot snapshot = snapshot(client, reference, progress);
      List<RepositoryFile> files = FileSelection.select(snapshot, reference);
      Path blobs = Files.createDirectories(folder.resolve("blobs"));
      fetch(client, reference, snapshot, files, blobs, progress);
      Path links = folder.resolve("snapshots").resolve(snapshot.commit());
      for (RepositoryFile file : files) {
        link(links.resolve(file.path()), blobs.resolve(file.checksum()));
      }
      Path ref = Files.createDirectories(folder.resolve("refs")).resolve(REVISION);
      replace(ref, snapshot.commit());
      return FileSelection.entry(files).map(links::resolve).orElse(links);
    } catch (IOException e) {
      throw new HubException(
          "the cache %s cannot be written: %s".formatted(settings.cache(), e.getMessage()), e);
    }
  }

  private Snapshot snapshot(HubClient client, ModelReference reference, Progress progress)
      throws InterruptedException {
    URI uri =
        URI.create(
            "%s/api/models/%s/revision/%s?blobs=true"
                .formatted(settings.endpoint(), reference.repository(), REVISION));
    return new Retries(settings.patience(), progress)
        .run(
            reference.repository(),
            () -> {
              try (InputStream body = client.get(uri, 0).body()) {
                byte[] json = body.readNBytes(MAX_LISTING_BYTES);
                return Snapshot.read(new ObjectMapper().readTree(json));
              } catch (JsonProcessingException e) {
                throw new HubException(uri + " answers with something else than JSON", e);
              }
            });
  }

  private void fetch(
      HubClient client,
      ModelReference reference,
      Snapshot snapshot,
      List<RepositoryFile> files,
      Path blobs,
      Progress progress)
      throws IOException, InterruptedException {
    List<RepositoryFile> missing =
        files.stream().filter(file -> !Files.exists(blobs.resolve(file.checksum()))).toList();
    checkSpace(missing, blobs);
    progress.begin(missing.size(), missing.stream().mapToLong(RepositoryFile::size).sum());
    ScheduledExecutorService watch =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("millrace-hub-watch").daemon().factory());
    ExecutorService workers =
        Executors.newFixedThreadPool(
            PARALLEL, Thread.ofPlatform().name("millrace-hub-", 0).daemon().factory());
    try {
      List<Future<?>> running = new ArrayList<>();
      for (RepositoryFile file : missing) {
        URI uri = uri(reference, snapshot.commit(), file.path());
        Path blob = blobs.resolve(file.checksum());
        BlobDownload download = new BlobDownload(client, settings, watch, progress);
        running.add(
            workers.submit(() -> {
              download.fetch(uri, file, blob);
              return null;
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof HubException known
          ? known
          : new HubException("the download failed: " + e.getCause(), e);
    } finally {
      workers.shutdownNow();
      watch.shutdownNow();
    }
    progress.end();
  }

  private URI uri(ModelReference reference, String commit, String path) {
    String base =
        "%s/%s/resolve/%s/".formatted(settings.endpoint(), reference.repository(), commit);
    try {
      return URI.create(base + new URI(null, null, "/" + path, null).getRawPath().substring(1));
    } catch (java.net.URISyntaxException e) {
      throw new HubException(path + " can be no address", e);
    }
  }

  private static void checkSpace(List<RepositoryFile> missing, Path blobs) throws IOException {
    long needed = missing.stream().mapToLong(RepositoryFile::size).sum();
    for (RepositoryFile file : missing) {
      Path begun = blobs.resolve(file.checksum() + ".incomplete");
      needed -= Files.exists(begun) ? Math.min(file.size(), Files.size(begun)) : 0;
    }
    long free = Files.getFileStore(blobs).getUsableSpace();
    if (needed > free) {
      throw new HubException(
          "%d bytes are to be fetched, but %s has room for %d; free some, or set HF_HUB_CACHE"
              .formatted(needed, blobs, free));
    }
  }

  private static void link(Path link, Path blob) throws IOException {
    Path folder = Files.createDirectories(link.getParent());
    Path target = folder.relativize(blob);
    if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
      return;
    }
    Files.deleteIfExists(link);
    try {
      Files.createSymbolicLink(link, target);
    } catch (FileAlreadyExistsException e) {
      // Another process has made it.
    } catch (UnsupportedOperationException e) {
      Files.copy(blob, link, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void replace(Path file, String text) throws IOException {
    Path whole = Files.createTempFile(file.getParent(), "ref", null);
    Files.writeString(whole, text);
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A model that was fetched before. */
  private record CachedModel(Path folder, String revision) {
    Path find(ModelReference reference) {
      Path ref = folder.resolve("refs").resolve(revision);
      try {
        if (Files.isRegularFile(ref)) {
          String commit = Files.readString(ref).strip();
          RepositoryFile.checkPath(commit);
          Path links = folder.resolve("snapshots").resolve(commit);
          Path wanted = reference.file().map(links::resolve).orElseGet(() -> only(links));
          if (Files.exists(wanted)) {
            return wanted;
          }
        }
      } catch (IOException e) {
        throw new HubException("%s cannot be read: %s".formatted(ref, e.getMessage()), e);
      }
      throw new HubException(
          "%s%s is not in the cache %s, and HF_HUB_OFFLINE is set"
              .formatted(
                  reference.repository(),
                  reference.file().map(file -> "/" + file).orElse(""),
                  folder.getParent()));
    }

    /** The one GGUF file of a snapshot; else the folder. */
    private static Path only(Path links) {
      try (Stream<Path> files = Files.isDirectory(links) ? Files.list(links) : Stream.empty()) {
        List<Path> gguf = files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
        boolean parts = gguf.size() > 1 && gguf.getFirst().toString().contains("-00001-of-");
        return gguf.size() == 1 || parts ? gguf.getFirst() : links;
      } catch (IOException e) {
        throw new HubException("%s cannot be read: %s".formatted(links, e.getMessage()), e);
      }
    }
  }
}
