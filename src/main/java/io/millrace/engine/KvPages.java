package io.millrace.engine;

import io.millrace.tensor.KvCache;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;

/**
 * The pages of the KV cache: who holds them, and what is in them.
 *
 * <p>A page whose tokens have all been computed can be shared: it is found by its tokens and the
 * page before it, so that sequences that begin alike use the same pages. A shared page that no
 * sequence holds stays findable until its room is needed; the least recently used one goes first.
 * Keys are compared token by token: equal hashes of different tokens do no harm.
 *
 * <p>Used by the engine's thread only.
 */
final class KvPages {
  /** What stands before the first page of a sequence. */
  static final long ROOT = 0;

  private final int[] holders;
  private final Entry[] entries;
  private final int[] free;
  private int freeCount;
  private final Map<Key, Entry> shared = new HashMap<>();

  /** Shared pages that nobody holds, least recently used first. */
  private final LinkedHashSet<Integer> idle = new LinkedHashSet<>();

  private long lastChain = ROOT;

  KvPages(int pages) {
    holders = new int[pages];
    entries = new Entry[pages];
    free = new int[pages];
    // Pages are taken from the end, so that low numbers go out first.
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
    freeCount = pages;
  }

  /**
   * A shared page.
   *
   * @param chain number of this page with all that stand before it; never used twice
   */
  record Entry(int page, long chain, Key key) {}

  /**
   * What identifies a shared page.
   *
   * @param parent chain of the page before it
   * @param tokens {@code [PAGE_TOKENS]}
   */
  record Key(long parent, int[] tokens) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && parent == key.parent && Arrays.equals(tokens, key.tokens);
    }

    @Override
    public int hashCode() {
      return 31 * Long.hashCode(parent) + Arrays.hashCode(tokens);
    }
  }

  /** Takes a page for one holder; {@link #available} must not be 0. */
  int take() {
    if (freeCount == 0) {
      forget(idle.removeFirst());
    }
    int page = free[--freeCount];
    holders[page] = 1;
    return page;
  }

  /** The page with these tokens, if it is known, for one more holder. */
  Entry find(Key key) {
    Entry entry = shared.get(key);
    if (entry != null && holders[entry.page]++ == 0) {
      idle.remove(entry.page);
    }
    return entry;
  }

  /**
   * Makes a page, which is computed in full, findable.
   *
   * @return its chain; that of the page that has these tokens already, if there is one
   */
  long share(int page, Key key) {
    Entry known = shared.get(key);
    if (known != null) {
      return known.chain;
    }
    Entry entry = new Entry(page, ++lastChain, key);
    entries[page] = entry;
    shared.put(key, entry);
    return entry.chain;
  }

  /**
   * Ends one holder's use of the pages of a sequence. Its last page counts as the one used longest
   * ago, since a page is of no use without those before it.
   */
  void release(int[] pages, int count) {
    for (int i = count - 1; i >= 0; i--) {
      int page = pages[i];
      if (--holders[page] == 0) {
        if (entries[page] == null) {
          free[freeCount++] = page;
        } else {
          idle.addLast(page);
        }
      }
    }
  }

  /** Forgets what is in the pages, as when their memory was lost; no sequence may hold any. */
  void forgetAll() {
    idle.forEach(this::forget);
    idle.clear();
  }

  private void forget(int page) {
    shared.remove(entries[page].key);
    entries[page] = null;
    free[freeCount++] = page;
  }

  /** Pages that {@link #take} can give. */
  int available() {
    return freeCount + idle.size();
  }

  /** Pages that sequences hold. */
  int used() {
    return holders.length - available();
  }

  int total() {
    return holders.length;
  }

  /** Pages that {@code positions} positions take. */
  static int pagesFor(int positions) {
    return Math.ceilDiv(positions, KvCache.PAGE_TOKENS);
  }
}
