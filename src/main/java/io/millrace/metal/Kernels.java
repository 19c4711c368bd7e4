package io.millrace.metal;

import io.millrace.metal.objc.Device;
import io.millrace.metal.objc.Library;
import io.millrace.metal.objc.MetalException;
import io.millrace.metal.objc.Pipeline;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The kernels. Families that read weights are compiled for each format of weights when the first
 * weight of that format is loaded, those of the KV cache when the first cache of a format is
 * allocated, the others when the backend opens; a kernel is made ready when it is first asked for.
 */
final class Kernels implements AutoCloseable {
  /** Definitions that every family begins with. */
  private static final String FORMATS = "formats.metal";

  /** Whose format a family is compiled for. */
  enum Subject {
    NONE,
    WEIGHTS,
    CACHE
  }

  /** Kernels that are compiled together. */
  enum Family {
    ROWS(Subject.NONE, "silu.metal", "rows.metal"),
    TOPK(Subject.NONE, "topk.metal"),
    ROPE(Subject.CACHE, "pages.metal", "rope.metal"),
    ATTENTION(Subject.CACHE, "pages.metal", "attention.metal"),
    EMBED(Subject.WEIGHTS, "embed.metal"),
    VECTOR(Subject.WEIGHTS, "vector.metal"),
    PRODUCTS(Subject.WEIGHTS, "silu.metal", "products.metal", "matvec.metal", "matmat.metal");

    private final Subject subject;
    private final List<String> files;

    Family(Subject subject, String... files) {
      this.subject = subject;
      this.files = List.of(files);
    }

    Subject subject() {
      return subject;
    }
  }

  /** What is compiled at once: a family, for a format where it has a subject. */
  private record Unit(Family family, Optional<WeightType> format) {}

  private record Key(Unit unit, String kernel, List<Boolean> constants) {}

  private final Device device;
  private final Map<Unit, Library> libraries = new HashMap<>();
  private final Map<Key, Pipeline> pipelines = new HashMap<>();

  /**
   * Compiles the families without a format.
   *
   * @throws MetalException with the compiler's message
   */
  Kernels(Device device) {
    this.device = device;
    try {
      for (Family family : Family.values()) {
        if (family.subject == Subject.NONE) {
          library(new Unit(family, Optional.empty()));
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Compiles what works with a weight of a format: a matrix, or a vector such as a gain.
   *
   * @return whether there was something to compile
   * @throws MetalException with the compiler's message
   */
  boolean compile(WeightType format, boolean matrix) {
    return compile(
        format, matrix ? List.of(Family.EMBED, Family.PRODUCTS) : List.of(Family.VECTOR));
  }

  /**
   * Compiles what works with a KV cache of a format.
   *
   * @return whether there was something to compile
   * @throws MetalException with the compiler's message
   */
  boolean compileForCache(DType format) {
    return compile(format, List.of(Family.ROPE, Family.ATTENTION));
  }

  private boolean compile(WeightType format, List<Family> families) {
    int before = libraries.size();
    families.forEach(family -> library(new Unit(family, Optional.of(format))));
    return libraries.size() > before;
  }

  private Library library(Unit unit) {
    Library library = libraries.get(unit);
    if (library == null) {
      library = device.compile(source(unit.family, unit.format));
      libraries.put(unit, library);
    }
    return library;
  }

  /** MSL source as one text; messages of the compiler name the files. */
  static String source(Family family, Optional<WeightType> format) {
    String chosen = format.map(type -> "typedef %s Format;\n".formatted(name(type))).orElse("");
    return text(FORMATS)
        + chosen
        + family.files.stream().map(Kernels::text).collect(Collectors.joining());
  }

  private static String text(String file) {
    return "#line 1 \"%s\"\n%s\n".formatted(file, read(file));
  }

  /** What {@code formats.metal} calls a format. */
  private static String name(WeightType format) {
    return switch (format) {
      case DType dtype -> dtype.name();
      case AffineType type ->
          "Affine<%d, %d, %s>".formatted(type.bits(), type.groupSize(), type.scales());
    };
  }

  private static String read(String file) {
    try (InputStream in = Kernels.class.getResourceAsStream("/metal/" + file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("kernels cannot be read from the jar", e);
    }
  }

  /** A kernel that runs with up to {@code threads} threads in a threadgroup. */
  Pipeline get(Family family, String kernel, int threads) {
    return get(new Key(new Unit(family, Optional.empty()), kernel, List.of()), threads);
  }

  /**
   * A kernel for a format.
   *
   * @param constants values of its function constants
   */
  Pipeline get(Family family, WeightType format, String kernel, int threads, Boolean... constants) {
    Unit unit = new Unit(family, Optional.of(format));
    return get(new Key(unit, kernel, List.of(constants)), threads);
  }

  private Pipeline get(Key key, int threads) {
    Pipeline pipeline = pipelines.get(key);
    if (pipeline == null) {
      pipeline = library(key.unit).pipeline(key.kernel, key.constants);
      pipelines.put(key, pipeline);
      if (pipeline.maxThreads() < threads) {
        throw new MetalException(
            "kernel %s needs %d threads in a threadgroup, this GPU runs it with %d"
                .formatted(key.kernel, threads, pipeline.maxThreads()));
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
