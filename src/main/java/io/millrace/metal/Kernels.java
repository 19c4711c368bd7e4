package io.millrace.metal;

import io.millrace.metal.objc.Device;
import io.millrace.metal.objc.Library;
import io.millrace.metal.objc.MetalException;
import io.millrace.metal.objc.Pipeline;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The kernels, compiled when the backend opens, and made ready when they are first asked for. */
final class Kernels implements AutoCloseable {
  /** Definitions that every family begins with. */
  private static final String FORMATS = "formats.metal";

  /** Files of kernels. */
  enum Family {
    ROWS,
    MATVEC,
    MATMAT,
    ROPE,
    ATTENTION;

    String file() {
      return name().toLowerCase(Locale.ROOT) + ".metal";
    }
  }

  private record Key(Family family, String kernel, List<Boolean> constants) {}

  private final Map<Family, Library> libraries = new EnumMap<>(Family.class);
  private final Map<Key, Pipeline> pipelines = new HashMap<>();

  /**
   * Compiles all families.
   *
   * @throws MetalException with the compiler's message
   */
  Kernels(Device device) {
    try {
      for (Family family : Family.values()) {
        libraries.put(family, device.compile(source(family)));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** MSL source as one text; messages of the compiler name the files. */
  static String source(Family family) {
    return "#line 1 \"%s\"\n%s\n#line 1 \"%s\"\n%s"
        .formatted(FORMATS, read(FORMATS), family.file(), read(family.file()));
  }

  private static String read(String file) {
    try (InputStream in = Kernels.class.getResourceAsStream("/metal/" + file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("kernels cannot be read from the jar", e);
    }
  }

  /**
   * A kernel that runs with up to {@code threads} threads in a threadgroup.
   *
   * @param constants values of its function constants
   */
  Pipeline get(Family family, String kernel, int threads, Boolean... constants) {
    Key key = new Key(family, kernel, List.of(constants));
    Pipeline pipeline = pipelines.get(key);
    if (pipeline == null) {
      pipeline = libraries.get(family).pipeline(kernel, key.constants);
      pipelines.put(key, pipeline);
      if (pipeline.maxThreads() < threads) {
        throw new MetalException(
            "kernel %s needs %d threads in a threadgroup, this GPU runs it with %d"
                .formatted(kernel, threads, pipeline.maxThreads()));
      }
    }
    return pipeline;
  }

  @Override
  public void close() {
    pipelines.values().forEach(Pipeline::close);
    libraries.values().forEach(Library::close);
  }
}
