package io.millrace.topology;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.record.Completion;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.ErrorCode;
import io.millrace.record.MalformedRecordException;
import io.millrace.record.Origin;
import io.millrace.record.Prompt;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.GeneratingPrompt.Piece;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
 * Generates the prompts of one lane. A prompt that arrives goes into the store and to the engine;
 * what the engine says is collected in a queue. At each tick the task empties the queue: the tokens
 * of a prompt become one segment in the store and one chunk, and its end becomes the last chunk and
 * the completion, while it leaves the store. Each step is one transaction with its input, so a new
 * owner of the lane finds exactly what readers have seen, and goes on from there.
 */
final class GenerationProcessor implements Processor<byte[], byte[], String, byte[]> {
  private static final Logger LOG = LoggerFactory.getLogger(GenerationProcessor.class);
  private static final Duration TICK = Duration.ofMillis(25);

  /** Events of a tick at most: bounds a chunk and the time in which nothing is committed. */
  private static final int MAX_EVENTS = 2048;

  private final Shared shared;

  private ProcessorContext<String, byte[]> context;
  private InFlightStore store;
  private WorkerOutputs outputs;
  private int lane;
  private long admitted;
  private long lastHeartbeat;
  private boolean changed;
  private List<SavedPrompt> restored = List.of();
  private final Map<String, GeneratingPrompt> generating = new HashMap<>();

  /** Written by the engine's thread. */
  private final Queue<Heard> heard = new ConcurrentLinkedQueue<>();

  GenerationProcessor(Shared shared) {
    this.shared = shared;
  }

  /**
   * What the tasks of a worker have in common.
   *
   * @param inFlight prompts in the stores of all tasks
   */
  record Shared(
      WorkerSettings settings,
      Engine engine,
      Gate gate,
      AtomicInteger inFlight,
      Completions completions,
      WorkerMeters meters) {}

  private record Heard(GeneratingPrompt prompt, GenerationEvent event) {}

  @Override
  public void init(ProcessorContext<String, byte[]> newContext) {
    context = newContext;
    store = new InFlightStore(context.getStateStore(InFlightStore.NAME));
    outputs = new WorkerOutputs(context, shared.completions(), shared.settings().maxOutputBytes());
    lane = context.taskId().partition();
    admitted = 0;
    changed = true;
    restored = store.readAll();
    restored.forEach(this::restore);
    context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata metadata = context.recordMetadata().orElseThrow();
    long now = context.currentSystemTimeMs();
    try {
      admit(Work.fromJson(record.value()).prompt(), record, now);
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
    shared.inFlight().addAndGet(-generating.size());
    generating.clear();
  }

  /** From now on the prompt is this task's; the engine gets it at the first tick. */
  private void restore(SavedPrompt saved) {
    Prompt prompt = Work.fromJson(saved.work()).prompt();
    generating.put(saved.id(), new GeneratingPrompt(prompt, saved.headers(), saved.segments()));
    shared.inFlight().incrementAndGet();
  }

  private void admit(Prompt prompt, Record<byte[], byte[]> record, long now) {
    if (generating.containsKey(prompt.id())) {
      LOG.info("Ignoring a second prompt {}: the first is in flight", prompt.id());
      shared.meters().duplicate();
      return;
    }
    store.admit(prompt.id(), record.value(), record.headers(), engineInfo().fingerprint());
    shared.inFlight().incrementAndGet();
    shared.meters().admitted();
    submit(new GeneratingPrompt(prompt, record.headers(), 0), Progress.NONE, now);
  }

  private void submit(GeneratingPrompt prompt, Progress resumed, long now) {
    generating.put(prompt.id(), prompt);
    try {
      prompt.submit(shared.engine(), resumed, event -> heard.add(new Heard(prompt, event)));
    } catch (RuntimeException e) {
      LOG.error("The engine did not take prompt {}", prompt.id(), e);
      giveUp(prompt, ErrorCode.ENGINE_ERROR.error("the engine did not take the prompt: " + e), now);
    }
  }

  private void tick(long now) {
    restored.forEach(saved -> resume(saved, now));
    restored = List.of();
    drain(now);
    if (changed || now - lastHeartbeat >= shared.settings().heartbeatInterval().toMillis()) {
      outputs.heartbeat(status(now), now);
      lastHeartbeat = now;
      changed = false;
    }
  }

  private void resume(SavedPrompt saved, long now) {
    GeneratingPrompt prompt = generating.get(saved.id());
    boolean isPublished = prompt.prompt().stream() && saved.segments() > 0;
    if (saved.fingerprint().equals(engineInfo().fingerprint())) {
      submit(prompt, saved.progress(), now);
    } else if (isPublished) {
      giveUp(
          prompt,
          ErrorCode.MODEL_CHANGED.error(
              "a part was published by weights %s, but this worker has %s"
                  .formatted(saved.fingerprint(), engineInfo().fingerprint())),
          now);
    } else {
      store.remove(saved.id(), saved.segments());
      store.admit(saved.id(), saved.work(), saved.headers(), engineInfo().fingerprint());
      submit(new GeneratingPrompt(prompt.prompt(), saved.headers(), 0), Progress.NONE, now);
    }
    shared.meters().resumed();
  }

  private void drain(long now) {
    Set<GeneratingPrompt> touched = new LinkedHashSet<>();
    for (int events = 0; events < MAX_EVENTS && !heard.isEmpty(); events++) {
      Heard next = heard.remove();
      // What was given up, or generated before the task was closed, may have had its say before.
      if (generating.get(next.prompt().id()) == next.prompt()) {
        next.prompt().take(next.event());
        touched.add(next.prompt());
      }
    }
    touched.forEach(prompt -> publish(prompt, now));
  }

  private void publish(GeneratingPrompt prompt, long now) {
    Piece piece = prompt.takePiece();
    Completions completions = shared.completions();
    switch (prompt.lastEvent()) {
      case Tokens tokens -> advance(prompt, piece, now);
      case Finished finished ->
          end(prompt, piece, completions.finished(prompt.prompt(), finished, now), now);
      case Failed failed ->
          end(prompt, piece, completions.failed(prompt.prompt(), failed, now), now);
    }
    shared.meters().tokens(piece.tokens().size());
  }

  private void advance(GeneratingPrompt prompt, Piece piece, long now) {
    if (prompt.prompt().stream() && !outputs.chunk(prompt, piece, now)) {
      prompt.abandon();
      giveUp(prompt, outputs.tooLarge(), now);
      return;
    }
    store.append(prompt.id(), prompt.nextSegment(), piece.tokens(), piece.text().length());
  }

  private void end(GeneratingPrompt prompt, Piece piece, Completion completion, long now) {
    remove(prompt, outputs.end(prompt, piece, completion, now));
  }

  private void giveUp(GeneratingPrompt prompt, ErrorBody error, long now) {
    remove(prompt, outputs.end(prompt, error, now));
  }

  private void remove(GeneratingPrompt prompt, Completion completion) {
    store.remove(prompt.id(), prompt.segments());
    generating.remove(prompt.id());
    shared.inFlight().decrementAndGet();
    shared
        .meters()
        .ended(
            completion
                .error()
                .map(ErrorBody::code)
                .orElseGet(() -> completion.choices().getFirst().finishReason()));
    changed = true;
  }

  private WorkerStatus status(long now) {
    EngineInfo info = engineInfo();
    EngineStatus status = shared.engine().status();
    WorkerSettings settings = shared.settings();
    return new WorkerStatus(
        settings.model(),
        lane,
        settings.worker(),
        info.slots(),
        Math.max(0, info.slots() - shared.inFlight().get()),
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
