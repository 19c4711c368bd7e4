package io.millrace.topology;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.DeadLetter;
import io.millrace.record.ParsedPrompt.Invalid;
import io.millrace.record.Prompt;
import io.millrace.topology.RouterOutput.Answer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Writes the ends of prompts that no worker sees: one completion, and before it the last chunk for
 * those who follow the chunks.
 */
final class Answers {
  private final ProcessorContext<String, RouterOutput> context;
  private final RouterMeters meters;

  Answers(ProcessorContext<String, RouterOutput> context, RouterMeters meters) {
    this.context = context;
    this.meters = meters;
  }

  /**
   * Answers what is no valid prompt.
   *
   * @param headers of its record
   */
  void refuse(Invalid invalid, Headers headers, long now) {
    end(
        invalid.id(),
        invalid.model(),
        invalid.error(),
        invalid.stream() ? 1 : 0,
        invalid.metadata(),
        headers,
        now);
  }

  /**
   * Answers a prompt that has waited in vain.
   *
   * @param headers of its record
   */
  void end(Prompt prompt, Optional<String> model, ErrorBody error, Headers headers, long now) {
    int lastChunks = prompt.stream() ? prompt.output().n() : 0;
    end(prompt.id(), model, error, lastChunks, prompt.metadata(), headers, now);
  }

  private void end(
      String id,
      Optional<String> model,
      ErrorBody error,
      int lastChunks,
      Map<String, String> metadata,
      Headers headers,
      long now) {
    Completion completion =
        Completion.refused(id, Math.floorDiv(now, 1_000L), model, error, metadata);
    for (int choice = 0; choice < lastChunks; choice++) {
      Chunk last = new Chunk(id, choice, 0, "", List.of(), Optional.of("error"));
      forward(id, last.toJson(), headers, now, RouterTopology.CHUNKS);
    }
    forward(id, completion.toJson(), headers, now, RouterTopology.COMPLETIONS);
    meters.refused(error.code());
  }

  /**
   * Keeps the bytes of an unreadable record where a person can look at them.
   *
   * @param headers of the record
   */
  void deadLetter(DeadLetter letter, Headers headers, long now) {
    forward(
        letter.id(),
        letter.value(),
        CarriedHeaders.with(letter, headers),
        now,
        RouterTopology.DEAD_LETTERS);
  }

  private void forward(String id, byte[] value, Headers headers, long now, String sink) {
    context.forward(new Record<>(id, new Answer(value), now, headers), sink);
  }
}
