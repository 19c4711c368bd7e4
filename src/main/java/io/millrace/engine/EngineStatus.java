package io.millrace.engine;

/**
 * What an engine does at a moment.
 *
 * @param running requests being generated
 * @param waiting requests that wait for a slot or for KV pages
 * @param queuedTokens tokens still to compute, prompts and the most that completions may take
 * @param tokensPerSecond measured rate over recent steps, 0 before the first
 * @param pagesUsed pages of the KV cache that sequences hold
 * @param pagesTotal pages of the KV cache
 * @param healthy false when a step does not end or the backend cannot be rebuilt
 */
public record EngineStatus(
    int running,
    int waiting,
    long queuedTokens,
    double tokensPerSecond,
    int pagesUsed,
    int pagesTotal,
    boolean healthy) {
  /** The same, but not healthy. */
  public EngineStatus unhealthy() {
    return new EngineStatus(
        running, waiting, queuedTokens, tokensPerSecond, pagesUsed, pagesTotal, false);
  }
}
