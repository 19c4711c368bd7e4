package io.millrace.engine;

/**
 * What an engine is.
 *
 * @param fingerprint identifies weights and tokenizer: equal fingerprints continue each other's
 *     text
 * @param build version of the program and name of the backend, for {@code system_fingerprint}
 * @param slots requests that it generates for at the same time
 * @param contextLength most tokens of prompt and completion together
 */
public record EngineInfo(String fingerprint, String build, int slots, int contextLength) {}
