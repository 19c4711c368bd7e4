package io.millrace.engine;

import static java.util.Comparator.comparingInt;

import io.millrace.tensor.Batch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Decides what each step computes: one ragged batch under a budget of tokens. Running sequences
 * decode one token each; what is left of the budget goes to sequences that still have tokens to
 * prefill, in chunks. A waiting sequence is admitted when a slot and the pages for all its tokens
 * are free. Order is priority, then arrival.
 *
 * <p>When pages run out, the sequence that is last in order gives up its pages and waits again; its
 * tokens are kept, so recomputing it later goes on with the same text.
 *
 * <p>Used by the engine's thread only.
 */
final class Scheduler {
  private static final Comparator<Sequence> ORDER =
      comparingInt((Sequence sequence) -> sequence.submission().request().priority())
          .thenComparingLong(sequence -> sequence.submission().arrival());

  private final KvPages pages;
  private final int slots;
  private final int tokenBudget;
  private final PrefillPace pace;
  private final PriorityQueue<Sequence> waiting = new PriorityQueue<>(ORDER);
  private final TreeSet<Sequence> running = new TreeSet<>(ORDER);
  private long preemptions;
  private long cachedTokens;

  /**
   * @param slots most sequences that run
   * @param tokenBudget most tokens of a step, at least {@code slots}
   */
  Scheduler(KvPages pages, int slots, int tokenBudget) {
    this.pages = pages;
    this.slots = slots;
    this.tokenBudget = tokenBudget;
    this.pace = new PrefillPace(tokenBudget);
  }

  /** Tokens {@code [computed, computed + count)} of a sequence in a step. */
  record Part(Sequence sequence, int count) {
    /** Whether these are its last known tokens, so that the next can be sampled. */
    boolean samples() {
      return count == sequence.remaining();
    }
  }

  /**
   * What one step computes; empty when there is nothing to do.
   *
   * @param cached tokens that need not be computed
   * @param preemptions sequences that gave up their pages
   */
  record Step(List<Part> parts, long cached, long preemptions) {
    EngineListener.StepReport report(double seconds) {
      int decoded = (int) parts.stream().filter(part -> part.count == 1).count();
      int tokens = parts.stream().mapToInt(Part::count).sum();
      return new EngineListener.StepReport(seconds, decoded, tokens - decoded, cached, preemptions);
    }

    Batch batch() {
      int size = parts.stream().mapToInt(Part::count).sum();
      int[] tokens = new int[size];
      int[] positions = new int[size];
      int[] sequences = new int[size];
      int[][] pages = new int[parts.size()][];
      int[] outputs = new int[(int) parts.stream().filter(Part::samples).count()];
      int row = 0;
      int output = 0;
      for (int s = 0; s < parts.size(); s++) {
        Part part = parts.get(s);
        pages[s] = part.sequence.pages();
        for (int i = 0; i < part.count; i++, row++) {
          positions[row] = part.sequence.computed() + i;
          tokens[row] = part.sequence.token(positions[row]);
          sequences[row] = s;
        }
        if (part.samples()) {
          outputs[output++] = row - 1;
        }
      }
      return new Batch(tokens, positions, sequences, pages, outputs);
    }
  }

  void add(Sequence sequence) {
    waiting.add(sequence);
  }

  /** Forgets a sequence and frees its pages. */
  void remove(Sequence sequence) {
    if (!running.remove(sequence)) {
      waiting.remove(sequence);
    }
    sequence.releasePages(pages);
  }

  /** Decides the next step and gets its pages. */
  Step next() {
    preemptions = 0;
    cachedTokens = 0;
    admit();
    List<Part> parts = new ArrayList<>();
    // Decoding first: a long prompt beside them takes only what they leave of the budget.
    for (Sequence sequence : List.copyOf(running)) {
      if (sequence.remaining() == 1 && secure(sequence, 1)) {
        parts.add(new Part(sequence, 1));
      }
    }
    int budget = Math.min(tokenBudget - parts.size(), pace.tokens(parts.size()));
    Set<KvPages.Key> underWay = new HashSet<>();
    for (Sequence sequence : List.copyOf(running)) {
      if (sequence.remaining() > 1 && budget > 0) {
        cachedTokens += takeShared(sequence);
        // What another sequence computes in this step is shared in the next.
        if (sequence.pageUnderWay().map(underWay::add).orElse(true)) {
          int count = Math.min(sequence.remaining(), budget);
          if (secure(sequence, count)) {
            parts.add(new Part(sequence, count));
            budget -= count;
          }
        }
      }
    }
    // A sequence that came early in the step may have been preempted by a later one.
    parts.removeIf(part -> !running.contains(part.sequence));
    return new Step(List.copyOf(parts), cachedTokens, preemptions);
  }

  /** The step was computed in {@code seconds}. */
  void computed(Step step, double seconds) {
    int decoding = 0;
    int prefilled = 0;
    for (Part part : step.parts) {
      if (part.count == 1) {
        decoding++;
      } else {
        prefilled += part.count;
      }
      part.sequence.advance(part.count, pages);
    }
    pace.measured(decoding, prefilled, seconds);
  }

  private void admit() {
    int promised =
        running.stream().mapToInt(sequence -> sequence.missingPages(sequence.length() + 1)).sum();
    while (!waiting.isEmpty() && running.size() < slots) {
      Sequence first = waiting.peek();
      int cached = takeShared(first);
      int missing = first.missingPages(first.length() + 1);
      if (promised + missing > pages.available()) {
        first.releasePages(pages);
        return;
      }
      promised += missing;
      cachedTokens += cached;
      running.add(waiting.remove());
    }
  }

  /** Returns how many of its tokens need not be computed. */
  private int takeShared(Sequence sequence) {
    int computed = sequence.computed();
    sequence.takeShared(pages);
    return sequence.computed() - computed;
  }

  /** Gets the pages for the sequence's next {@code count} tokens, or preempts it. */
  private boolean secure(Sequence sequence, int count) {
    if (!running.contains(sequence)) {
      return false;
    }
    int positions = sequence.computed() + count;
    while (sequence.missingPages(positions) > pages.available()) {
      Sequence victim = running.last();
      running.remove(victim);
      victim.preempt(pages);
      waiting.add(victim);
      preemptions++;
      if (victim == sequence) {
        return false;
      }
    }
    for (int missing = sequence.missingPages(positions); missing > 0; missing--) {
      sequence.addPage(pages.take());
    }
    return true;
  }

  /** All sequences, waiting and running. */
  List<Sequence> all() {
    List<Sequence> all = new ArrayList<>(running);
    all.addAll(waiting);
    return all;
  }

  List<Sequence> running() {
    return List.copyOf(running);
  }

  boolean isEmpty() {
    return running.isEmpty() && waiting.isEmpty();
  }

  /** Tokens still to compute if every sequence generates as many as it may. */
  long queuedTokens() {
    return Stream.concat(running.stream(), waiting.stream())
        .mapToLong(sequence -> sequence.maxLength() - sequence.computed())
        .sum();
  }

  int waitingCount() {
    return waiting.size();
  }

  int runningCount() {
    return running.size();
  }

  KvPages pages() {
    return pages;
  }
}
