package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Batch;
import io.millrace.tensor.Rope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * What kernels need to know of a batch, brought to the GPU once per step: all layers use the same
 * tables.
 */
final class BatchTables {
  /** Most tokens of a tile: queries that the attention kernel takes at once. */
  static final int TILE_TOKENS = 8;

  private final Step step;
  private final Map<Batch, Pages> pages = new IdentityHashMap<>();
  private final Map<Batch, Map<Rope, Step.Table>> turns = new IdentityHashMap<>();

  BatchTables(Step step) {
    this.step = step;
  }

  /**
   * Consecutive tokens of one sequence, whose attention is computed together: rows of {@code first
   * token, count, position of the first, where the pages of its sequence begin}.
   */
  record Tiles(int count, Step.Table table) {}

  /**
   * Where the tokens of a batch stand in the cache.
   *
   * @param single tiles of one token, as those that decode
   * @param several tiles of up to {@link #TILE_TOKENS}
   * @param pages the pages of all sequences, one after the other
   * @param slots {@code [n]} {@code page · PAGE_TOKENS + position in the page}
   */
  record Pages(Tiles single, Tiles several, Step.Table pages, Step.Table slots) {}

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
    List<int[]> single = new ArrayList<>();
    List<int[]> several = new ArrayList<>();
    for (int first = 0; first < batch.size(); ) {
      int sequence = batch.sequences()[first];
      int count = 1;
      while (count < TILE_TOKENS
          && first + count < batch.size()
          && batch.sequences()[first + count] == sequence) {
        count++;
      }
      int[] tile = {first, count, batch.positions()[first], starts[sequence]};
      (count == 1 ? single : several).add(tile);
      first += count;
    }
    return new Pages(tiles(single), tiles(several), step.table(all), step.table(slots));
  }

  private Tiles tiles(List<int[]> tiles) {
    int[] rows = tiles.stream().flatMapToInt(Arrays::stream).toArray();
    return new Tiles(tiles.size(), step.table(rows));
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
