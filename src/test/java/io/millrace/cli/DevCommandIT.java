package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class DevCommandIT {
  private static final Pattern SUBMIT =
      Pattern.compile(
          "bin/millrace (submit --bootstrap-servers \\S+) --prompt \"(.+)\" (--follow)");

  @Test
  void shouldStayUpAndSayHowToPublishAPrompt() {
    CommandRun.Running dev = CommandRun.start("dev", "--port", "0");
    Await.until("it is ready", () -> dev.err().contains("is ready"));
    Matcher advice = SUBMIT.matcher(dev.out());
    assertThat(advice.find()).isTrue();

    String[] submit =
        (advice.group(1) + " --max-tokens 4 " + advice.group(3) + " --prompt").split(" ");
    String[] arguments = Arrays.copyOf(submit, submit.length + 1);
    arguments[submit.length] = advice.group(2);
    CommandRun followed = CommandRun.of(arguments);

    dev.interrupt();
    dev.await();
    assertThat(followed.exit()).isZero();
    assertThat(followed.out()).isNotBlank();
    assertThat(dev.err()).containsPattern("ready; http://localhost:\\d+/metrics");
  }

  @Test
  void shouldRefuseAPortThatIsTaken() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      CommandRun run = CommandRun.of("dev", "--port", "" + taken.getLocalPort());

      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.err().lines())
          .singleElement()
          .asString()
          .contains("port " + taken.getLocalPort());
    }
  }
}
