package io.millrace.topology;

import static io.millrace.topology.RouterDriver.QUOTA;
import static io.millrace.topology.RouterDriver.START;
import static io.millrace.topology.RouterDriver.TOPICS;
import static io.millrace.topology.RouterDriver.prompt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How much the router takes from its inputs. */
class RouterGateTest {
  private final RouterDriver router = RouterDriver.start(Optional.empty());

  @AfterEach
  void stop() {
    router.close();
  }

  @Test
  void shouldShutTheGateWhileTheStoreIsFull() {
    Gate prompts = router.gates().get(TOPICS.prompts());
    Gate urgent = router.gates().get(TOPICS.urgentPrompts());
    for (int i = 0; i < 8; i++) {
      assertThat(prompts.isOpen()).isTrue();
      router.publish("p" + i, prompt(i % 2 == 0 ? "tales" : "poems"));
    }

    boolean whenFull = prompts.isOpen();
    boolean urgentWhenFull = urgent.isOpen();
    router.heartbeat("tales", 0, "mini-1", 1, 0);
    router.tick();

    assertThat(whenFull).isFalse();
    assertThat(urgentWhenFull).isTrue();
    assertThat(prompts.isOpen()).isTrue();
  }

  @Test
  void shouldShutTheGateWhileAModelHasItsQuota() {
    Gate prompts = router.gates().get(TOPICS.prompts());
    for (int i = 0; i < QUOTA; i++) {
      assertThat(prompts.isOpen()).isTrue();
      router.publish("p" + i, prompt("tales"));
    }

    assertThat(prompts.isOpen()).isFalse();
    assertThat(router.gates().get(TOPICS.prompts("chat")).isOpen()).isTrue();
  }

  @Test
  void shouldNotLetAModelWithAnInputOfItsOwnHoldUpTheOthers() {
    for (int i = 0; i < QUOTA; i++) {
      router
          .input(TOPICS.prompts("chat"))
          .pipeInput("c" + i, prompt("chat").getBytes(UTF_8), START);
    }
    router.heartbeat("tales", 0, "mini-1", 8, 0);

    router.publish("p1", prompt("tales"));

    assertThat(router.gates().get(TOPICS.prompts("chat")).isOpen()).isFalse();
    assertThat(router.gates().get(TOPICS.prompts()).isOpen()).isTrue();
    assertThat(router.work("tales").readValue().prompt().id()).isEqualTo("p1");
  }

  @Test
  void shouldShutBothGatesWhileWaitingPromptsAreLarge() {
    String large = "{\"model\":\"tales\",\"prompt\":\"%s\"}".formatted("x".repeat(900));

    for (int i = 0; i < 5; i++) {
      router.publish("p" + i, large);
    }

    assertThat(router.gates().values()).noneMatch(Gate::isOpen);
  }
}
