package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Batch;
import java.util.ArrayList;
import java.util.List;

/**
 * How attention over a batch is shared out among threadgroups. The query heads of all tokens of a
 * sequence that read one key-value head are <i>rows</i>, token by token; a tile is some consecutive
 * rows, for which keys and values are read once.
 *
 * @param tiles for each width of the kernel that is needed, at most two
 * @param parts rows whose context is shared out: {@code first row, rows, number of the first part,
 *     parts}
 */
record AttentionPlan(List<Tiles> tiles, List<int[]> parts) {
  /** Most rows of a tile. */
  static final int MOST_ROWS = 8;

  /**
   * Threadgroups that keep every GPU busy: the largest, of 80 cores, has one for each, one of 10
   * cores more than it holds at a time. What comes to fewer has its contexts shared out up to this.
   */
  static final int THREADGROUPS = 128;

  /**
   * Fewest pages of a part, 512 positions: four for each simdgroup. Below that, the start of a
   * threadgroup and the dispatch that joins the parts cost more than they save.
   */
  static final int PART_PAGES = 16;

  /** Rows that the kernel is compiled for. */
  private static final int[] WIDTHS = {1, 2, 4, MOST_ROWS};

  /** Stands for a part where the tile sees all of its context. */
  private static final int WHOLE = -1;

  /**
   * What one dispatch does.
   *
   * @param width rows that the kernel has room for
   * @param rows {@code first row, rows, position of the first, where the pages of the sequence
   *     begin, first page, end of the pages, part}
   */
  record Tiles(int width, List<int[]> rows) {}

  /** Consecutive rows of a sequence, and the pages that they see. */
  private record Tile(int row, int count, int position, int pages, int begin, int end) {
    int[] part(int from, int to, int part) {
      return new int[] {row, count, position, pages, from, to, part};
    }
  }

  /**
   * @param starts where the pages of each sequence begin in the list of all
   * @param group query heads for each key-value head
   * @param window positions that a token sees; 0 for all
   */
  static AttentionPlan of(Batch batch, int[] starts, int group, int kvHeads, int window) {
    List<Tile> all = tiles(batch, starts, group, window);
    int most = THREADGROUPS / (kvHeads * all.size());
    int narrow = width(Math.min(group, MOST_ROWS));
    Tiles few = new Tiles(narrow, new ArrayList<>());
    Tiles many = new Tiles(MOST_ROWS, new ArrayList<>());
    List<int[]> parts = new ArrayList<>();
    int number = 0;
    for (Tile tile : all) {
      List<int[]> rows = (tile.count <= narrow ? few : many).rows;
      int pages = tile.end - tile.begin;
      int count = Math.min(most, pages / PART_PAGES);
      if (count < 2) {
        rows.add(tile.part(tile.begin, tile.end, WHOLE));
        continue;
      }
      parts.add(new int[] {tile.row, tile.count, number, count});
      for (int part = 0; part < count; part++) {
        int from = tile.begin + pages * part / count;
        int to = tile.begin + pages * (part + 1) / count;
        rows.add(tile.part(from, to, number++));
      }
    }
    List<Tiles> needed = List.of(few, many).stream().filter(t -> !t.rows.isEmpty()).toList();
    return new AttentionPlan(needed, parts);
  }

  private static List<Tile> tiles(Batch batch, int[] starts, int group, int window) {
    List<Tile> tiles = new ArrayList<>();
    for (int token = 0; token < batch.size(); ) {
      int sequence = batch.sequences()[token];
      int end = token + 1;
      while (end < batch.size() && batch.sequences()[end] == sequence) {
        end++;
      }
      for (int row = token * group; row < end * group; row += MOST_ROWS) {
        int count = Math.min(MOST_ROWS, end * group - row);
        int position = batch.positions()[row / group];
        int last = batch.positions()[(row + count - 1) / group];
        int first = window == 0 ? 0 : Math.max(0, position - window + 1);
        tiles.add(
            new Tile(
                row,
                count,
                position,
                starts[sequence],
                first / PAGE_TOKENS,
                last / PAGE_TOKENS + 1));
      }
      token = end;
    }
    return tiles;
  }

  private static int width(int rows) {
    int width = 0;
    while (WIDTHS[width] < rows) {
      width++;
    }
    return WIDTHS[width];
  }
}
