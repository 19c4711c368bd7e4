package io.millrace.engine;

/** Which pages of the KV cache are free. Used by the engine's thread only. */
final class PagePool {
  private final int[] free;
  private int freeCount;

  PagePool(int pages) {
    free = new int[pages];
    // Pages are taken from the end, so that low numbers go out first.
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
    freeCount = pages;
  }

  /** Takes a free page; there must be one. */
  int take() {
    return free[--freeCount];
  }

  void giveBack(int page) {
    free[freeCount++] = page;
  }

  int free() {
    return freeCount;
  }

  int used() {
    return free.length - freeCount;
  }

  int total() {
    return free.length;
  }
}
