package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
  @Test
  void shouldPassTextThroughWithoutStops() {
    StopMatcher matcher = new StopMatcher(List.of());

    assertThat(matcher.add("anything")).isEqualTo("anything");
    assertThat(matcher.flush()).isEmpty();
  }

  @Test
  void shouldHoldBackWhatMayBeginAStop() {
    StopMatcher matcher = new StopMatcher(List.of("END"));

    assertThat(matcher.add("the E")).isEqualTo("the ");
    assertThat(matcher.add("N")).isEmpty();
    assertThat(matcher.add("E")).isEqualTo("EN");
    assertThat(matcher.flush()).isEqualTo("E");
    assertThat(matcher.stopped()).isFalse();
  }

  @Test
  void shouldGiveNothingOfTheStopNorAfterIt() {
    StopMatcher matcher = new StopMatcher(List.of("\n\n"));

    assertThat(matcher.add("one\n")).isEqualTo("one");
    assertThat(matcher.add("\ntwo")).isEmpty();
    assertThat(matcher.stopped()).isTrue();
    assertThat(matcher.add("three")).isEmpty();
    assertThat(matcher.flush()).isEmpty();
  }

  @Test
  void shouldEndAtTheStopThatIsCompleteFirst() {
    StopMatcher matcher = new StopMatcher(List.of("abcd", "bc"));

    assertThat(matcher.add("xabcd")).isEqualTo("xa");
    assertThat(matcher.stopped()).isTrue();
  }

  @Test
  void shouldPreferTheLongestOfStopsThatEndTogether() {
    StopMatcher matcher = new StopMatcher(List.of("c", "abc"));

    assertThat(matcher.add("xabc")).isEqualTo("x");
  }

  @Test
  void shouldNotDependOnHowTheTextIsCut() {
    Random random = new Random(1);
    for (int round = 0; round < 2_000; round++) {
      List<String> stops = List.of(text(random, 1, 4), text(random, 1, 4), text(random, 2, 6));
      String text = text(random, 0, 30);

      StopMatcher whole = new StopMatcher(stops);
      String expected = whole.add(text) + whole.flush();
      StopMatcher cut = new StopMatcher(stops);
      StringBuilder found = new StringBuilder();
      for (int at = 0; at < text.length(); ) {
        int end = Math.min(text.length(), at + random.nextInt(4));
        found.append(cut.add(text.substring(at, end)));
        at = end;
      }
      found.append(cut.flush());

      assertThat(found.toString()).as("%s cut by %s", text, stops).isEqualTo(expected);
      assertThat(cut.stopped()).isEqualTo(whole.stopped());
      assertThat(stops).as("in %s", expected).noneMatch(expected::contains);
    }
  }

  private static String text(Random random, int min, int max) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(min, max + 1); n > 0; n--) {
      text.append((char) ('a' + random.nextInt(2)));
    }
    return text.toString();
  }
}
