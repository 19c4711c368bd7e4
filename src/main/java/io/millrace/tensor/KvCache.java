package io.millrace.tensor;

/**
 * Keys and values of every layer, in pages of {@link #PAGE_TOKENS} tokens. Which sequence owns
 * which page is the engine's business; the backend only sees page numbers in {@link Batch#pages}.
 */
public interface KvCache extends AutoCloseable {
  /** Tokens in a page. */
  int PAGE_TOKENS = 32;

  /**
   * What a cache holds.
   *
   * @param layers transformer blocks
   * @param kvHeads heads of keys and of values in each layer
   * @param headDim elements of a head
   */
  record Shape(int layers, int kvHeads, int headDim) {
    /** Elements of one token's keys in one layer; its values take as many. */
    public int rowElements() {
      return kvHeads * headDim;
    }
  }

  Shape shape();

  /** Pages it has room for. */
  int pages();

  /** Resident bytes, all pages. */
  long bytes();

  @Override
  void close();
}
