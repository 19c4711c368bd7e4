package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.AttentionPlan.Tiles;
import io.millrace.tensor.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How attention is shared out. A tile is {first row, rows, position, pages, begin, end, part}. */
class AttentionPlanTest {
  private static final int[] NO_STARTS = {0, 0, 0};

  @ParameterizedTest
  @CsvSource({"1,1", "2,2", "3,4", "4,4", "5,8", "8,8"})
  void shouldReadKeysAndValuesOnceForAllHeadsOfADecodingToken(int group, int width) {
    AttentionPlan plan = AttentionPlan.of(decode(40, 100), NO_STARTS, group, 8, 0);

    assertThat(plan.parts()).isEmpty();
    assertThat(plan.tiles()).hasSize(1);
    Tiles tiles = plan.tiles().getFirst();
    assertThat(tiles.width()).isEqualTo(width);
    assertThat(tiles.rows()).hasSize(2);
    assertThat(tiles.rows().get(0)).containsExactly(0, group, 40, 0, 0, 2, -1);
    assertThat(tiles.rows().get(1)).containsExactly(group, group, 100, 0, 0, 4, -1);
  }

  @Test
  void shouldTakeSeveralTokensOfAPromptTogether() {
    Batch batch = batch(new int[] {5, 6, 7, 8, 9, 30}, new int[] {0, 0, 0, 0, 0, 1});

    AttentionPlan plan = AttentionPlan.of(batch, NO_STARTS, 3, 2, 0);

    // Five tokens of three heads, in tiles of eight rows and seven; one token of another sequence.
    assertThat(plan.tiles()).extracting(Tiles::width).containsExactly(4, 8);
    assertThat(plan.tiles().get(0).rows().getFirst()).startsWith(15, 3, 30);
    assertThat(plan.tiles().get(1).rows().get(0)).startsWith(0, 8, 5);
    assertThat(plan.tiles().get(1).rows().get(1)).startsWith(8, 7, 7);
  }

  @Test
  void shouldSkipPagesThatNoRowSees() {
    AttentionPlan plan = AttentionPlan.of(decode(1000), NO_STARTS, 4, 1, 64);

    assertThat(plan.tiles().getFirst().rows().getFirst())
        .containsExactly(0, 4, 1000, 0, (1000 - 63) / PAGE_TOKENS, 1000 / PAGE_TOKENS + 1, -1);
  }

  @ParameterizedTest
  @CsvSource({"1,1,100000,0", "4,8,5000,0", "8,1,3000,2000", "16,2,9000,0", "1,64,9000,0"})
  void shouldShareOutLongContexts(int group, int kvHeads, int position, int window) {
    Batch batch = decode(position, 40);

    AttentionPlan plan = AttentionPlan.of(batch, NO_STARTS, group, kvHeads, window);

    List<int[]> tiles = plan.tiles().stream().flatMap(t -> t.rows().stream()).toList();
    assertThat(plan.parts().isEmpty()).isEqualTo(kvHeads == 64);
    assertThat(plan.parts().stream().mapToInt(parts -> parts[3] * kvHeads).sum())
        .isLessThanOrEqualTo(AttentionPlan.THREADGROUPS);
    for (int row = 0; row < 2 * group; row++) {
      int first = row;
      int own = batch.positions()[row / group];
      int seen = window == 0 ? 0 : Math.max(0, own - window + 1);
      List<Integer> pages = new ArrayList<>();
      tiles.stream()
          .filter(tile -> tile[0] <= first && first < tile[0] + tile[1])
          .forEach(tile -> IntStream.range(tile[4], tile[5]).forEach(pages::add));
      assertThat(pages)
          .isEqualTo(IntStream.rangeClosed(seen / PAGE_TOKENS, own / PAGE_TOKENS).boxed().toList());
    }
    for (int[] parts : plan.parts()) {
      assertThat(tiles)
          .filteredOn(tile -> tile[6] >= parts[2] && tile[6] < parts[2] + parts[3])
          .hasSize(parts[3])
          .allMatch(tile -> tile[0] == parts[0] && tile[1] == parts[1])
          .allMatch(tile -> tile[5] - tile[4] >= AttentionPlan.PART_PAGES);
    }
  }

  /** A token of each of some sequences. */
  private static Batch decode(int... positions) {
    return batch(positions, IntStream.range(0, positions.length).toArray());
  }

  private static Batch batch(int[] positions, int[] sequences) {
    int most = Arrays.stream(positions).max().orElseThrow() / PAGE_TOKENS + 1;
    int[][] pages = new int[sequences[sequences.length - 1] + 1][most];
    return new Batch(new int[positions.length], positions, sequences, pages, new int[0]);
  }
}
