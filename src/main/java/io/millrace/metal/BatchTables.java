package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Batch;
import io.millrace.tensor.Rope;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * What kernels need to know of a batch, brought to the GPU once per step: all layers use the same
 * tables, but for those that differ in what a token sees.
 */
final class BatchTables {
  private final Step step;
  private final Map<Batch, Pages> pages = new IdentityHashMap<>();
  private final Map<Batch, Map<Heads, Work>> works = new IdentityHashMap<>();
  private final Map<Batch, Map<Rope, Step.Table>> turns = new IdentityHashMap<>();

  BatchTables(Step step) {
    this.step = step;
  }

  /**
   * Where the tokens of a batch stand in the cache.
   *
   * @param starts where the pages of each sequence begin in {@code pages}
   * @param pages the pages of all sequences, one after the other
   * @param slots {@code [n]} {@code page · PAGE_TOKENS + position in the page}
   */
  record Pages(int[] starts, Step.Table pages, Step.Table slots) {}

  /**
   * What a plan for attention depends on, beside the batch.
   *
   * @param group query heads for each key-value head
   * @param window positions that a token sees; 0 for all
   */
  record Heads(int group, int kvHeads, int window) {}

  /** A table of rows, and how many it has. */
  record Rows(int count, Step.Table table) {}

  /** What one dispatch of attention does: tiles of up to {@code width} rows. */
  record Tiles(int width, Rows rows) {}

  /** An {@link AttentionPlan} on the GPU. */
  record Work(List<Tiles> tiles, Rows parts) {}

  Pages pages(Batch batch) {
    return pages.computeIfAbsent(batch, this::createPages);
  }

  private Pages createPages(Batch batch) {
    int[] starts = new int[batch.pages().length];
    int total = 0;
    for (int s = 0; s < starts.length; s++) {
      starts[s] = total;
      total += batch.pages()[s].length;
    }
    int[] all = new int[total];
    for (int s = 0; s < starts.length; s++) {
      System.arraycopy(batch.pages()[s], 0, all, starts[s], batch.pages()[s].length);
    }
    int[] slots = new int[batch.size()];
    for (int i = 0; i < batch.size(); i++) {
      int position = batch.positions()[i];
      int page = batch.pages()[batch.sequences()[i]][position / PAGE_TOKENS];
      slots[i] = page * PAGE_TOKENS + position % PAGE_TOKENS;
    }
    return new Pages(starts, step.table(all), step.table(slots));
  }

  Work work(Batch batch, Heads heads) {
    return works
        .computeIfAbsent(batch, b -> new HashMap<>())
        .computeIfAbsent(heads, h -> createWork(batch, h));
  }

  private Work createWork(Batch batch, Heads heads) {
    AttentionPlan plan =
        AttentionPlan.of(
            batch, pages(batch).starts(), heads.group(), heads.kvHeads(), heads.window());
    return new Work(
        plan.tiles().stream().map(t -> new Tiles(t.width(), rows(t.rows()))).toList(),
        rows(plan.parts()));
  }

  private Rows rows(List<int[]> rows) {
    return new Rows(rows.size(), step.table(rows.stream().flatMapToInt(Arrays::stream).toArray()));
  }

  /**
   * Cosine and sine of each token and pair, {@code [n, pairs, 2]}. Angles need more than f32 where
   * positions are large, so they are not the GPU's work.
   */
  Step.Table turns(Batch batch, Rope rope) {
    return turns
        .computeIfAbsent(batch, b -> new IdentityHashMap<>())
        .computeIfAbsent(rope, r -> step.table(createTurns(batch, r)));
  }

  private static float[] createTurns(Batch batch, Rope rope) {
    int pairs = rope.frequencies().length;
    float[] turns = new float[2 * pairs * batch.size()];
    int at = 0;
    for (int position : batch.positions()) {
      for (int pair = 0; pair < pairs; pair++) {
        double angle = rope.angle(position, pair);
        turns[at++] = (float) (Math.cos(angle) * rope.scale());
        turns[at++] = (float) (Math.sin(angle) * rope.scale());
      }
    }
    return turns;
  }

  Step.Table tokens(Batch batch) {
    return step.table(Arrays.copyOf(batch.tokens(), batch.size()));
  }

  /** After a commit nothing is there any more. */
  void clear() {
    pages.clear();
    works.clear();
    turns.clear();
  }
}
