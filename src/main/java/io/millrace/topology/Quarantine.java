package io.millrace.topology;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Which prompts of a worker may go to its engine, so that a prompt that ends the process is found,
 * and its neighbours are not taken for it.
 *
 * <p>An attempt that ends before a token of it is committed is a strike against its prompt. So a
 * prompt is <em>unproven</em> from the begin of an attempt to the commit of its first token, and
 * one that has a strike is a <em>suspect</em>: it begins only when no other prompt is unproven, and
 * until it is proven no other begins. Whatever happens then is its own doing.
 *
 * <p>Of all tasks of a worker; used by its stream thread only.
 */
final class Quarantine {
  private final Commits commits;
  private final Set<GeneratingPrompt> unproven = identitySet();
  private final Set<GeneratingPrompt> waitingSuspects = identitySet();

  Quarantine(Commits commits) {
    this.commits = commits;
  }

  /** Takes a prompt that will begin later. */
  void await(GeneratingPrompt prompt) {
    if (prompt.isSuspect()) {
      waitingSuspects.add(prompt);
    }
  }

  /** Whether the prompt may begin an attempt now. */
  boolean admits(GeneratingPrompt prompt) {
    unproven.removeIf(other -> other.isProven(commits));
    if (prompt.isSuspect()) {
      return unproven.isEmpty();
    }
    // Those that others have generated before come in a limited number, so suspects get their turn.
    return unproven.stream().noneMatch(GeneratingPrompt::isSuspect)
        && (prompt.isRestored() || waitingSuspects.isEmpty());
  }

  /** The prompt begins an attempt, which is being written to the store. */
  void begin(GeneratingPrompt prompt) {
    waitingSuspects.remove(prompt);
    unproven.add(prompt);
    prompt.begin(commits);
  }

  /** The prompt has ended, or belongs to another worker now. */
  void forget(GeneratingPrompt prompt) {
    waitingSuspects.remove(prompt);
    unproven.remove(prompt);
  }

  private static Set<GeneratingPrompt> identitySet() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }
}
