package io.millrace.topology;

import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.DeadLetter;
import io.millrace.record.ErrorCode;
import io.millrace.record.Origin;
import io.millrace.record.ParsedPrompt.Invalid;
import io.millrace.record.ParsedPrompt.Valid;
import io.millrace.record.Prompt;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.RouterOutput.Routed;
import io.millrace.topology.RouterTopology.Shared;
import io.millrace.topology.WaitingPrompts.Waiting;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Checks prompts, lets them wait by priority, and sends the best to a worker whenever one has
 * credit. A prompt that is not valid, or has waited in vain, is answered with an error.
 */
final class RouterProcessor implements Processor<byte[], byte[], String, RouterOutput> {
  private static final Duration TICK = Duration.ofMillis(25);

  /** Seeds that every JSON reader holds exactly, also one that reads numbers as doubles. */
  private static final long SEEDS = 1L << 53;

  /** They travel with the prompt, so a record with both must fit a topic. */
  private static final int MAX_HEADER_BYTES = 16 * 1024;

  private static final ErrorBody TOO_MANY_HEADERS =
      ErrorCode.RECORD_TOO_LARGE.error(
          "the record's headers are larger than %d bytes".formatted(MAX_HEADER_BYTES));

  private final Shared shared;
  private ProcessorContext<String, RouterOutput> context;
  private WaitingPrompts waiting;
  private Patience patience;
  private Credit credit;
  private LanePicker lanes;
  private Answers answers;

  RouterProcessor(Shared shared) {
    this.shared = shared;
  }

  @Override
  public void init(ProcessorContext<String, RouterOutput> newContext) {
    context = newContext;
    waiting =
        WaitingPrompts.restore(
            context.getStateStore(WaitingPrompts.STORE), shared.parser(), shared.occupancy());
    patience = new Patience(shared.settings(), shared.fleet(), context.currentSystemTimeMs());
    credit = new Credit(shared.settings().prefetch());
    lanes = new LanePicker(credit);
    answers = new Answers(context, shared.meters());
    context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata at = context.recordMetadata().orElseThrow();
    Origin origin = new Origin(at.topic(), at.partition(), at.offset(), record.timestamp());
    long now = context.currentSystemTimeMs();
    switch (shared.parser().parse(record.key(), record.value(), origin)) {
      case Valid(Prompt prompt) when bytes(record.headers()) > MAX_HEADER_BYTES ->
          answers.end(prompt, prompt.model(), TOO_MANY_HEADERS, now);
      case Valid(Prompt prompt) -> {
        boolean urgent = at.topic().equals(shared.topics().urgentPrompts());
        waiting.add(prompt, urgent, record.value(), record.timestamp(), record.headers(), now);
        shared.meters().accepted();
      }
      case Invalid invalid -> {
        answers.refuse(invalid, now);
        if (invalid.unreadable()) {
          answers.deadLetter(deadLetter(invalid, record, origin), now);
        }
      }
    }
    shared.gate(at.topic()).processed(at);
    serve(now);
  }

  @Override
  public void close() {
    waiting.release();
  }

  private static int bytes(Headers headers) {
    int bytes = 0;
    for (Header header : headers) {
      int value = header.value() == null ? 0 : header.value().length;
      bytes += header.key().length() + value + Integer.BYTES;
    }
    return bytes;
  }

  private DeadLetter deadLetter(Invalid invalid, Record<byte[], byte[]> record, Origin origin) {
    int maxBytes = shared.settings().promptMaxBytes();
    return new DeadLetter(
        invalid.id(), record.key(), record.value(), origin, invalid.error(), maxBytes);
  }

  private void tick(long now) {
    waiting.removeOutdated().forEach(prompt -> answers.refuse(prompt, now));
    serve(now);
  }

  /** Goes through the waiting prompts once, best first: ends, sends or leaves each. */
  private void serve(long now) {
    Set<String> busy = new HashSet<>();
    for (Waiting prompt : waiting.inOrder()) {
      Optional<ErrorBody> end = patience.end(prompt.prompt(), prompt.key().acceptedAt(), now);
      Optional<String> model = patience.model(prompt.prompt());
      if (end.isPresent()) {
        waiting.remove(prompt);
        answers.end(prompt.prompt(), model, end.get(), now);
      } else if (model.isPresent() && !busy.contains(model.get())) {
        lanes
            .pick(shared.fleet().workers(model.get(), now))
            .ifPresentOrElse(
                lane -> route(prompt, model.get(), lane, now), () -> busy.add(model.get()));
      }
    }
  }

  private void route(Waiting prompt, String model, WorkerStatus lane, long now) {
    Prompt asked = prompt.prompt();
    long seed = asked.seed().orElseGet(() -> shared.random().nextLong(SEEDS));
    Work work = Work.of(asked, model, seed, prompt.key().acceptedAt());
    waiting.remove(prompt);
    credit.spend(lane);
    shared.meters().routed(model);
    context.forward(
        new Record<>(
            asked.id(), new Routed(model, lane.lane(), work.toJson()), now, prompt.headers()),
        RouterTopology.WORK);
  }
}
