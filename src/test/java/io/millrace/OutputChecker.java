package io.millrace;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.Usage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Judges what readers of {@code chunks} and {@code completions} saw, each topic in order: every
 * prompt has one completion; the chunks of each choice are numbered 0, 1, 2… without a gap or a
 * repeat; the last one, and no other, has the finish reason; their text and their tokens are the
 * completion's.
 */
public final class OutputChecker {
  private final Map<String, List<Chunk>> chunks = new LinkedHashMap<>();
  private final Map<String, List<Completion>> completions = new LinkedHashMap<>();

  public void add(Chunk chunk) {
    chunks.computeIfAbsent(chunk.id(), id -> new ArrayList<>()).add(chunk);
  }

  public void add(Completion completion) {
    completions.computeIfAbsent(completion.id(), id -> new ArrayList<>()).add(completion);
  }

  /** Chunks seen of a prompt. */
  public List<Chunk> chunks(String id) {
    return chunks.getOrDefault(id, List.of());
  }

  /** Completions seen of a prompt: one, if all is well. */
  public List<Completion> completions(String id) {
    return completions.getOrDefault(id, List.of());
  }

  /** Number of all chunks seen. */
  public int chunkCount() {
    return chunks.values().stream().mapToInt(List::size).sum();
  }

  /** Number of prompts that have a completion. */
  public int endedCount() {
    return completions.size();
  }

  /**
   * What is wrong, one line each; empty when all is well.
   *
   * @param streaming ids of all prompts that stream
   * @param silent ids of all prompts that do not
   */
  public List<String> faults(Collection<String> streaming, Collection<String> silent) {
    List<String> faults = new ArrayList<>();
    streaming.forEach(id -> checkEnd(id, faults));
    streaming.forEach(id -> checkChunks(id, faults));
    for (String id : silent) {
      checkEnd(id, faults);
      if (!chunks(id).isEmpty()) {
        faults.add("%s does not stream, but has %d chunks".formatted(id, chunks(id).size()));
      }
    }
    completions.keySet().stream()
        .filter(id -> !streaming.contains(id) && !silent.contains(id))
        .forEach(id -> faults.add("%s was never sent, but has a completion".formatted(id)));
    return faults;
  }

  private void checkEnd(String id, List<String> faults) {
    if (completions(id).size() != 1) {
      faults.add("%s has %d completions, expected 1".formatted(id, completions(id).size()));
    }
  }

  private void checkChunks(String id, List<String> faults) {
    Map<Integer, List<Chunk>> choices = new TreeMap<>();
    for (Chunk chunk : chunks(id)) {
      choices.computeIfAbsent(chunk.choice(), choice -> new ArrayList<>()).add(chunk);
    }
    if (choices.isEmpty()) {
      faults.add("%s has no chunks".formatted(id));
      return;
    }
    boolean isInOrder = true;
    for (List<Chunk> seen : choices.values()) {
      isInOrder &= checkOrder(id, seen, faults);
    }
    if (isInOrder && completions(id).size() == 1) {
      compare(id, choices, completions(id).getFirst(), faults);
    }
  }

  /** Checks the chunks of one choice; false when they are not numbered as they should be. */
  private static boolean checkOrder(String id, List<Chunk> seen, List<String> faults) {
    for (int index = 0; index < seen.size(); index++) {
      Chunk chunk = seen.get(index);
      if (chunk.index() != index) {
        faults.add("%s has chunk %d where %d is due".formatted(id, chunk.index(), index));
        return false;
      }
      boolean isLast = index == seen.size() - 1;
      if (chunk.finishReason().isPresent() != isLast) {
        faults.add(
            "%s: chunk %d of %d has finish reason %s"
                .formatted(id, index, seen.size(), chunk.finishReason()));
      }
    }
    return true;
  }

  private static void compare(
      String id, Map<Integer, List<Chunk>> choices, Completion completion, List<String> faults) {
    if (completion.error().isPresent()) {
      choices.values().forEach(seen -> compareEnd(id, seen, Chunk.ERROR, faults));
      return;
    }
    List<Integer> told = completion.choices().stream().map(Choice::index).toList();
    if (!told.equals(List.copyOf(choices.keySet()))) {
      faults.add(
          "%s: the chunks are of choices %s, the completion has %s"
              .formatted(id, choices.keySet(), told));
      return;
    }
    for (Choice choice : completion.choices()) {
      List<Chunk> seen = choices.get(choice.index());
      compareEnd(id, seen, choice.finishReason(), faults);
      String text = seen.stream().map(Chunk::text).collect(Collectors.joining());
      if (!text.equals(choice.text())) {
        faults.add(
            "%s: the chunks say «%s», the completion «%s»".formatted(id, text, choice.text()));
      }
    }
    int tokens =
        choices.values().stream()
            .flatMap(List::stream)
            .mapToInt(chunk -> chunk.tokens().size())
            .sum();
    if (completion.usage().map(Usage::completionTokens).orElse(-1) != tokens) {
      faults.add(
          "%s: the chunks have %d tokens, the completion %s"
              .formatted(id, tokens, completion.usage()));
    }
  }

  private static void compareEnd(String id, List<Chunk> seen, String reason, List<String> faults) {
    if (!seen.getLast().finishReason().equals(Optional.of(reason))) {
      faults.add(
          "%s: the last chunk says %s, the completion %s"
              .formatted(id, seen.getLast().finishReason(), reason));
    }
  }
}
