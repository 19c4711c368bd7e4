package io.millrace.topology;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.record.Completion;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.ErrorCode;
import io.millrace.record.MalformedRecordException;
import io.millrace.record.Origin;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.GeneratingChoice.Piece;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Generates the prompts of one lane. A prompt that arrives goes into the store; once that is
 * committed, it goes to the engine, and what the engine says is collected in a queue. At each tick
 * the task empties the queue: the tokens of a choice become one segment in the store and one chunk,
 * and a prompt's end becomes the last chunk and the completion, while it leaves the store. Each
 * step is one transaction with its input, so a new owner of the lane finds exactly what readers
 * have seen, and goes on from there.
 */
final class GenerationProcessor implements Processor<byte[], byte[], String, byte[]> {
  private static final Logger LOG = LoggerFactory.getLogger(GenerationProcessor.class);
  private static final Duration TICK = Duration.ofMillis(25);

  /** Events of a tick at most: bounds a chunk and the time in which nothing is committed. */
  private static final int MAX_EVENTS = 2048;

  private static final ErrorBody CANCELLED = ErrorCode.CANCELLED.error("the prompt was cancelled");
  private static final ErrorBody LATE = ErrorCode.DEADLINE_EXCEEDED.error("the deadline passed");

  private final Shared shared;

  private ProcessorContext<String, byte[]> context;
  private InFlightStore store;
  private Cancellations cancellations;
  private WorkerOutputs outputs;
  private int lane;
  private long admitted;
  private long lastHeartbeat;
  private boolean changed;
  private boolean handedOver;
  private List<SavedPrompt> restored = List.of();
  private final Map<String, GeneratingPrompt> generating = new LinkedHashMap<>();

  /** Written by the engine's thread. */
  private final Queue<Heard> heard = new ConcurrentLinkedQueue<>();

  GenerationProcessor(Shared shared) {
    this.shared = shared;
  }

  /**
   * What the tasks of a worker have in common.
   *
   * @param inFlight choices of the prompts in the stores of all tasks: each takes a slot
   */
  record Shared(
      WorkerSettings settings,
      Engine engine,
      Gate gate,
      AtomicInteger inFlight,
      Commits commits,
      Quarantine quarantine,
      HandOver handOver,
      Completions completions,
      WorkerMeters meters) {}

  private record Heard(GeneratingPrompt prompt, GeneratingChoice choice, GenerationEvent event) {}

  @Override
  public void init(ProcessorContext<String, byte[]> newContext) {
    context = newContext;
    store = new InFlightStore(context.getStateStore(InFlightStore.NAME));
    cancellations = new Cancellations(context.getStateStore(Cancellations.STORE));
    outputs = new WorkerOutputs(context, shared.completions(), shared.settings().maxOutputBytes());
    lane = context.taskId().partition();
    admitted = 0;
    changed = true;
    restored = store.readAll();
    restored.forEach(saved -> take(GeneratingPrompt.restored(saved)));
    shared.handOver().started(lane);
    context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata metadata = context.recordMetadata().orElseThrow();
    long now = context.currentSystemTimeMs();
    try {
      admit(Work.fromJson(record.value()), record, metadata.offset());
    } catch (MalformedRecordException e) {
      LOG.warn("Lane {} offset {}: {}", lane, metadata.offset(), e.getMessage());
      Origin origin =
          new Origin(metadata.topic(), metadata.partition(), metadata.offset(), record.timestamp());
      outputs.refuse(record, origin, e.error(), now);
    }
    admitted++;
    changed = true;
    shared.gate().processed(metadata);
  }

  @Override
  public void close() {
    generating.values().forEach(GeneratingPrompt::abandon);
    generating.values().forEach(shared.quarantine()::forget);
    shared.inFlight().addAndGet(-choicesInFlight());
    generating.clear();
    shared.handOver().ended(lane);
  }

  private int choicesInFlight() {
    return generating.values().stream().mapToInt(prompt -> prompt.choices().size()).sum();
  }

  private void admit(Work work, Record<byte[], byte[]> record, long offset) {
    String id = work.prompt().id();
    if (generating.containsKey(id)) {
      LOG.info("Ignoring a second prompt {}: the first is in flight", id);
      shared.meters().duplicate();
      return;
    }
    GeneratingPrompt prompt = GeneratingPrompt.arrived(work, record.headers());
    boolean begins = !shared.handOver().isAsked() && shared.quarantine().admits(prompt);
    store.admit(id, record, offset, engineInfo().fingerprint(), begins);
    shared.meters().admitted();
    take(prompt);
    if (begins) {
      begin(prompt);
    }
  }

  private void take(GeneratingPrompt prompt) {
    generating.put(prompt.id(), prompt);
    shared.quarantine().await(prompt);
    shared.inFlight().addAndGet(prompt.choices().size());
  }

  /** The engine gets the prompt once this is committed, which shall be soon when it is idle. */
  private void begin(GeneratingPrompt prompt) {
    shared.quarantine().begin(prompt);
    if (shared.inFlight().get() <= engineInfo().slots()) {
      context.commit();
    }
  }

  private void tick(long now) {
    if (handedOver) {
      return;
    }
    restored.forEach(saved -> judge(saved, now));
    restored = List.of();
    if (!shared.handOver().isAsked()) {
      List.copyOf(generating.values()).forEach(prompt -> lookAfter(prompt, now));
    }
    drain(now);
    if (shared.handOver().isAsked()) {
      handOver(now);
    } else if (changed || now - lastHeartbeat >= shared.settings().heartbeatInterval().toMillis()) {
      outputs.heartbeat(status(engineInfo().slots(), now), now);
      lastHeartbeat = now;
      changed = false;
    }
  }

  /** Decides what becomes of a prompt that an earlier owner of the task has left. */
  private void judge(SavedPrompt saved, long now) {
    GeneratingPrompt prompt = generating.get(saved.id());
    String fingerprint = engineInfo().fingerprint();
    if (saved.strikes() >= shared.settings().maxAttempts()) {
      ErrorBody error =
          ErrorCode.ENGINE_ERROR.error(
              "%d workers have ended while they generated this prompt".formatted(saved.strikes()));
      outputs.deadLetter(saved, origin(saved), error, now);
      giveUp(prompt, error, now);
    } else if (!saved.fingerprint().equals(fingerprint)) {
      if (prompt.prompt().stream() && saved.segments() > 0) {
        ErrorBody error =
            ErrorCode.MODEL_CHANGED.error(
                "a part was published by weights %s, but this worker has %s"
                    .formatted(saved.fingerprint(), fingerprint));
        giveUp(prompt, error, now);
      } else {
        startOver(prompt, saved, fingerprint);
      }
    }
    shared.meters().resumed();
  }

  private Origin origin(SavedPrompt saved) {
    WorkerSettings settings = shared.settings();
    String topic = settings.topics().work(settings.model());
    return new Origin(topic, lane, saved.offset(), saved.timestamp());
  }

  private void startOver(GeneratingPrompt prompt, SavedPrompt saved, String fingerprint) {
    shared.quarantine().forget(prompt);
    GeneratingPrompt anew = prompt.fromTheBeginning();
    store.remove(saved.id(), saved.segments());
    store.admit(saved.id(), saved.record(), saved.offset(), fingerprint, false);
    store.attempt(saved.id(), saved.strikes(), 0);
    generating.put(saved.id(), anew);
    shared.quarantine().await(anew);
  }

  private void lookAfter(GeneratingPrompt prompt, long now) {
    boolean isCancelled = cancellations.contains(prompt.id(), prompt.publishedAt());
    if (prompt.isSubmitted()) {
      if (isCancelled) {
        prompt.cancel();
      }
    } else if (isCancelled) {
      giveUp(prompt, CANCELLED, now);
    } else if (prompt.isLate(now)) {
      giveUp(prompt, LATE, now);
    } else if (prompt.isDue(shared.commits())) {
      submit(prompt, now);
    } else if (!prompt.hasBegun() && shared.quarantine().admits(prompt)) {
      store.attempt(prompt.id(), prompt.strikes() + 1, prompt.segments());
      begin(prompt);
    }
  }

  private void submit(GeneratingPrompt prompt, long now) {
    try {
      prompt.submit(
          shared.engine(), (choice, event) -> heard.add(new Heard(prompt, choice, event)));
    } catch (RuntimeException e) {
      LOG.error("The engine did not take prompt {}", prompt.id(), e);
      prompt.abandon();
      giveUp(prompt, ErrorCode.ENGINE_ERROR.error("the engine did not take the prompt: " + e), now);
    }
  }

  /** Leaves everything as the next owner shall find it, and asks routers for no more. */
  private void handOver(long now) {
    for (GeneratingPrompt prompt : generating.values()) {
      prompt.abandon();
      if (prompt.isInVain()) {
        store.attempt(prompt.id(), prompt.strikes(), prompt.segments());
      }
    }
    outputs.heartbeat(status(0, now), now);
    handedOver = true;
    shared.handOver().ended(lane);
  }

  private void drain(long now) {
    Set<GeneratingPrompt> touched = new LinkedHashSet<>();
    for (int events = 0; events < MAX_EVENTS && !heard.isEmpty(); events++) {
      Heard next = heard.remove();
      // What was given up, or generated before the task was closed, may have had its say before.
      if (generating.get(next.prompt().id()) == next.prompt()) {
        next.choice().take(next.event());
        touched.add(next.prompt());
      }
    }
    touched.forEach(prompt -> publish(prompt, now));
  }

  private void publish(GeneratingPrompt prompt, long now) {
    Completions completions = shared.completions();
    Optional<Failed> failure = prompt.failure();
    if (failure.isPresent()) {
      prompt.abandon();
      List<Piece> rest = prompt.takePieces();
      end(prompt, rest, completions.failed(prompt.prompt(), failure.get(), now), now);
    } else if (prompt.hasEnded()) {
      List<Piece> rest = prompt.takePieces();
      end(prompt, rest, completions.finished(prompt, now), now);
    } else {
      advance(prompt, now);
    }
  }

  /**
   * A choice that ends before others shows its end with theirs, in the completion's transaction.
   */
  private void advance(GeneratingPrompt prompt, long now) {
    for (GeneratingChoice choice : prompt.choices()) {
      Piece piece = choice.takePiece();
      if (piece.isVisible() && prompt.prompt().stream() && !outputs.chunk(prompt, piece, now)) {
        prompt.abandon();
        giveUp(prompt, outputs.tooLarge(), now);
        return;
      }
      if (!piece.isEmpty()) {
        store.append(prompt.id(), prompt.nextSegment(), SavedPiece.of(piece));
        choice.saved(piece);
        prompt.prove(shared.commits());
        shared.meters().tokens(piece.tokens().size());
      }
    }
  }

  private void end(GeneratingPrompt prompt, List<Piece> rest, Completion completion, long now) {
    rest.forEach(piece -> shared.meters().tokens(piece.tokens().size()));
    remove(prompt, outputs.end(prompt, rest, completion, now));
  }

  private void giveUp(GeneratingPrompt prompt, ErrorBody error, long now) {
    remove(prompt, outputs.end(prompt, error, now));
  }

  private void remove(GeneratingPrompt prompt, Completion completion) {
    store.remove(prompt.id(), prompt.segments());
    shared.quarantine().forget(prompt);
    generating.remove(prompt.id());
    shared.inFlight().addAndGet(-prompt.choices().size());
    shared
        .meters()
        .ended(
            completion
                .error()
                .map(ErrorBody::code)
                .orElseGet(() -> completion.choices().getFirst().finishReason()));
    changed = true;
  }

  /**
   * @param slots those of the engine, or none
   */
  private WorkerStatus status(int slots, long now) {
    EngineInfo info = engineInfo();
    EngineStatus status = shared.engine().status();
    WorkerSettings settings = shared.settings();
    return new WorkerStatus(
        settings.model(),
        lane,
        settings.worker(),
        slots,
        Math.max(0, slots - shared.inFlight().get()),
        admitted,
        status.queuedTokens(),
        status.tokensPerSecond(),
        info.contextLength(),
        info.build(),
        info.fingerprint(),
        now,
        settings.heartbeatInterval().toMillis());
  }

  private EngineInfo engineInfo() {
    return shared.engine().info();
  }
}
