package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Batch;
import io.millrace.tensor.Rope;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What kernels need to know of a batch, brought to the GPU once per step: all layers use the same
 * tables.
 */
final class BatchTables {
  private final Step step;
  private final Map<Batch, Pages> pages = new IdentityHashMap<>();
  private final Map<Batch, Map<Rope, Step.Table>> turns = new IdentityHashMap<>();

  BatchTables(Step step) {
    this.step = step;
  }

  /**
   * Where the tokens of a batch stand in the cache.
   *
   * @param places {@code [n, 2]} position of each token, and where the pages of its sequence begin
   * @param pages the pages of all sequences, one after the other
   * @param slots {@code [n]} {@code page · PAGE_TOKENS + position in the page}
   */
  record Pages(Step.Table places, Step.Table pages, Step.Table slots) {}

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
    int[] places = new int[2 * batch.size()];
    int[] slots = new int[batch.size()];
    for (int i = 0; i < batch.size(); i++) {
      int position = batch.positions()[i];
      places[2 * i] = position;
      places[2 * i + 1] = starts[batch.sequences()[i]];
      int page = batch.pages()[batch.sequences()[i]][position / PAGE_TOKENS];
      slots[i] = page * PAGE_TOKENS + position % PAGE_TOKENS;
    }
    return new Pages(step.table(places), step.table(all), step.table(slots));
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
    turns.clear();
  }
}
