package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CloseStackTest {
  private final List<String> closed = new ArrayList<>();
  private final CloseStack stack = new CloseStack();

  @Test
  void shouldCloseTheLastPartFirstAndNothingTwice() {
    stack.push(() -> closed.add("first"));
    stack.push(() -> closed.add("second"));

    stack.close();
    stack.close();

    assertThat(closed).containsExactly("second", "first");
  }

  @Test
  void shouldCloseThePartsBehindOneThatFails() {
    stack.push(() -> closed.add("first"));
    stack.push(() -> fail("second"));
    stack.push(() -> fail("third"));

    assertThatThrownBy(stack::close)
        .hasMessage("third")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
    assertThat(closed).containsExactly("first");
  }

  @Test
  void shouldCloseAPartThatIsStartedTooLate() {
    stack.close();

    assertThatThrownBy(() -> stack.push(() -> closed.add("late")))
        .isInstanceOf(IllegalStateException.class);
    assertThat(closed).containsExactly("late");
  }

  private static void fail(String message) {
    throw new IllegalStateException(message);
  }
}
