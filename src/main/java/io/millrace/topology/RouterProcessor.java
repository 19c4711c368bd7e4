package io.millrace.topology;

import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.DeadLetter;
import io.millrace.record.ErrorCode;
import io.millrace.record.Origin;
import io.millrace.record.ParsedPrompt;
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
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Checks prompts, lets them wait by priority, and sends the best to a worker whenever one has
 * credit. A prompt that is not valid, was cancelled, or has waited in vain, is answered with an
 * error; one whose id was accepted before emits nothing.
 */
final class RouterProcessor implements Processor<byte[], byte[], String, RouterOutput> {
  private static final Duration TICK = Duration.ofMillis(25);

  /** Seeds that every JSON reader holds exactly, also one that reads numbers as doubles. */
  private static final long SEEDS = 1L << 53;

  private static final ErrorBody TOO_MANY_HEADERS =
      ErrorCode.RECORD_TOO_LARGE.error(
          "the record's headers are larger than %d bytes".formatted(CarriedHeaders.MAX_BYTES));
  private static final ErrorBody CANCELLED = ErrorCode.CANCELLED.error("the prompt was cancelled");

  private final Shared shared;
  private ProcessorContext<String, RouterOutput> context;
  private WaitingPrompts waiting;
  private RecentPrompts recent;
  private Cancellations cancellations;
  private Patience patience;
  private LanePicker lanes;
  private Answers answers;

  RouterProcessor(Shared shared) {
    this.shared = shared;
  }

  @Override
  public void init(ProcessorContext<String, RouterOutput> newContext) {
    context = newContext;
    RouterSettings settings = shared.settings();
    waiting =
        WaitingPrompts.restore(
            context.getStateStore(WaitingPrompts.STORE),
            shared.parser(),
            settings.defaultModel(),
            shared.occupancy());
    recent =
        RecentPrompts.restore(
            context.getStateStore(RecentPrompts.STORE),
            settings.dedupWindow(),
            settings.dedupPrompts());
    cancellations = new Cancellations(context.getStateStore(Cancellations.STORE));
    patience = new Patience(settings, shared.fleet(), context.currentSystemTimeMs());
    lanes = new LanePicker(new Credit(settings.prefetch()));
    answers = new Answers(context, shared.meters());
    context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata at = context.recordMetadata().orElseThrow();
    Origin origin = new Origin(at.topic(), at.partition(), at.offset(), record.timestamp());
    long now = context.currentSystemTimeMs();
    ParsedPrompt parsed = shared.parser().parse(record.key(), record.value(), origin);
    boolean isDuplicate = waiting.contains(parsed.id()) || recent.contains(parsed.id(), now);
    switch (parsed) {
      case Invalid invalid -> refuse(invalid, isDuplicate, record, origin, now);
      case Valid valid when isDuplicate -> shared.meters().duplicate();
      case Valid(Prompt prompt) when !CarriedHeaders.fit(record.headers()) ->
          answers.end(prompt, prompt.model(), TOO_MANY_HEADERS, new RecordHeaders(), now);
      case Valid(Prompt prompt) -> {
        boolean urgent = at.topic().equals(shared.topics().urgentPrompts());
        waiting.add(prompt, urgent, record.value(), record.timestamp(), record.headers(), now);
        shared.meters().accepted();
      }
    }
    shared.gate(at.topic()).processed(at);
    serve(now);
  }

  @Override
  public void close() {
    waiting.release();
  }

  private void refuse(
      Invalid invalid,
      boolean isDuplicate,
      Record<byte[], byte[]> record,
      Origin origin,
      long now) {
    Headers headers = CarriedHeaders.ifTheyFit(record.headers());
    if (isDuplicate) {
      shared.meters().duplicate();
    } else {
      answers.refuse(invalid, headers, now);
    }
    if (invalid.unreadable()) {
      int maxBytes = shared.settings().promptMaxBytes();
      DeadLetter letter =
          new DeadLetter(
              invalid.id(), record.key(), record.value(), origin, invalid.error(), maxBytes);
      answers.deadLetter(letter, headers, now);
    }
  }

  private void tick(long now) {
    waiting.removeOutdated().forEach(prompt -> answers.refuse(prompt, new RecordHeaders(), now));
    serve(now);
  }

  /** Goes through the waiting prompts once, best first: ends, sends or leaves each. */
  private void serve(long now) {
    Set<String> busy = new HashSet<>();
    for (Waiting prompt : waiting.inOrder()) {
      Optional<String> model = patience.model(prompt.prompt());
      Optional<ErrorBody> end =
          cancellations.contains(prompt.id(), prompt.publishedAt())
              ? Optional.of(CANCELLED)
              : patience.end(prompt.prompt(), prompt.key().acceptedAt(), now);
      if (end.isPresent()) {
        waiting.remove(prompt);
        recent.addEnded(prompt.id(), prompt.key().acceptedAt(), now);
        answers.end(prompt.prompt(), model, end.get(), prompt.headers(), now);
      } else if (model.isPresent()) {
        send(prompt, model.get(), busy, now);
      }
    }
  }

  private void send(Waiting prompt, String model, Set<String> busy, long now) {
    OptionalInt fixed = recent.lane(prompt.id(), model);
    if (fixed.isPresent()) {
      lanes
          .take(prompt.prompt(), shared.fleet().workers(model, now), fixed.getAsInt())
          .ifPresent(lane -> route(prompt, model, lane, now));
    } else if (!busy.contains(model)) {
      lanes
          .pick(prompt.prompt(), shared.fleet().workers(model, now))
          .ifPresentOrElse(lane -> route(prompt, model, lane, now), () -> busy.add(model));
    }
  }

  private void route(Waiting prompt, String model, WorkerStatus lane, long now) {
    Prompt asked = prompt.prompt();
    long acceptedAt = prompt.key().acceptedAt();
    long seed = asked.seed().orElseGet(() -> shared.random().nextLong(SEEDS));
    Work work = Work.of(asked, model, seed, acceptedAt, prompt.publishedAt());
    waiting.remove(prompt);
    recent.addSent(prompt.id(), acceptedAt, model, lane.lane(), now);
    shared.meters().routed(model);
    context.forward(
        new Record<>(
            asked.id(), new Routed(model, lane.lane(), work.toJson()), now, prompt.headers()),
        RouterTopology.WORK);
  }
}
