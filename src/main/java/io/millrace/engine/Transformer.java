package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.model.Llama;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;

/**
 * A model and the backend that it was loaded into.
 *
 * @param cacheType type of keys and values
 */
public record Transformer(Llama llama, Backend backend, DType cacheType) implements AutoCloseable {
  public Transformer {
    requireNonNull(llama, "llama is null");
    requireNonNull(backend, "backend is null");
    requireNonNull(cacheType, "cacheType is null");
  }

  /** With keys and values in the backend's own type. */
  public Transformer(Llama llama, Backend backend) {
    this(llama, backend, backend.cacheType());
  }

  /** A KV cache of {@code pages} pages. */
  public KvCache allocateCache(int pages) {
    return backend.allocate(llama.config().kvShape(), pages, cacheType);
  }

  /** Bytes of a page of the KV cache. */
  public long pageBytes() {
    return backend.pageBytes(llama.config().kvShape(), cacheType);
  }

  /** Frees the weights. */
  @Override
  public void close() {
    backend.close();
  }
}
