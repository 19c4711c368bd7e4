package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.client.MillraceClient;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Printable;
import java.io.PrintWriter;

/**
 * Submits prompts and prints what becomes of them: what was asked for on one stream, everything
 * else on the other.
 */
final class Submitter {
  private final MillraceClient client;
  private final PromptsUnderway underway;
  private final boolean json;
  private final PrintWriter out;
  private final PrintWriter err;

  Submitter(
      MillraceClient client,
      PromptsUnderway underway,
      boolean json,
      PrintWriter out,
      PrintWriter err) {
    this.client = client;
    this.underway = underway;
    this.json = json;
    this.out = out;
    this.err = err;
  }

  /** What to wait for, and to print. */
  enum Mode {
    /** The brokers' acknowledgement; prints the id. */
    PUBLISH,
    /** The completion; prints it. */
    FOLLOW,
    /** The completion; prints text as it comes. */
    STREAM
  }

  /** Submits a prompt that is underway already; its end follows on another thread. */
  void submit(PromptRecord prompt, Mode mode) {
    String id = prompt.id();
    try {
      switch (mode) {
        case PUBLISH ->
            client
                .publish(id, prompt.json())
                .whenComplete((_, failure) -> ended(id, failure, () -> printId(id)));
        case FOLLOW ->
            client
                .submit(id, prompt.json())
                .whenComplete((completion, failure) -> ended(id, completion, failure, mode));
        case STREAM ->
            client
                .submit(id, prompt.json(), this::print)
                .whenComplete((completion, failure) -> ended(id, completion, failure, mode));
      }
    } catch (IllegalArgumentException e) {
      // Two prompts with one id.
      ended(id, e, () -> {});
    }
  }

  private void ended(String id, Throwable failure, Runnable print) {
    if (failure == null) {
      print.run();
    }
    if (underway.end(id, failure == null) && failure != null) {
      complain(failure.getMessage());
    }
  }

  private void ended(String id, Completion completion, Throwable failure, Mode mode) {
    if (failure != null) {
      ended(id, failure, () -> {});
      return;
    }
    print(completion, mode);
    underway.end(id, completion.error().isEmpty());
  }

  private void printId(String id) {
    println(
        json
            ? JsonNodeFactory.instance.objectNode().put("id", id).toString()
            : Printable.escape(id));
  }

  private void print(Chunk chunk) {
    underway.sign();
    if (!json) {
      out.print(chunk.text());
      out.flush();
    }
  }

  private void print(Completion completion, Mode mode) {
    if (json) {
      println(new String(completion.toJson(), UTF_8));
    } else if (mode == Mode.FOLLOW) {
      println(RecordLines.of(completion));
    } else {
      println("");
      complain(RecordLines.end(completion));
    }
  }

  private void println(String line) {
    out.println(line);
    out.flush();
  }

  private void complain(String line) {
    err.println(line);
    err.flush();
  }
}
