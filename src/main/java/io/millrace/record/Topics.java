package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/**
 * Names of the topics of {@code topology/asyncapi.yaml}. Several installations share a cluster by
 * taking different prefixes.
 *
 * @param prefix {@code topics.prefix}: put before every name as it is, such as {@code prod.} for
 *     {@code prod.prompts}; may be empty
 */
public record Topics(String prefix) {
  private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]*");

  /** The longest name that Kafka takes, in characters. */
  private static final int MAX_LENGTH = 249;

  public Topics {
    requireNonNull(prefix, "prefix is null");
    if (!LEGAL.matcher(prefix).matches() || prefix.length() > 100) {
      throw new IllegalArgumentException(
          "topics.prefix is %s, expected at most 100 letters, digits, dots, underscores or dashes"
              .formatted(Printable.quote(prefix)));
    }
  }

  public String prompts() {
    return prefix + "prompts";
  }

  public String urgentPrompts() {
    return prefix + "prompts.urgent";
  }

  /**
   * An input for the prompts of one model.
   *
   * @throws IllegalArgumentException when the name cannot be part of a topic's
   */
  public String prompts(String model) {
    String name = prompts() + "." + model;
    if (!isLegal(model, name) || name.equals(urgentPrompts())) {
      throw illegal(model, name);
    }
    return name;
  }

  /**
   * The lanes of a model's workers.
   *
   * @throws IllegalArgumentException when the name cannot be part of a topic's
   */
  public String work(String model) {
    String name = workPrefix() + model;
    if (!isLegal(model, name)) {
      throw illegal(model, name);
    }
    return name;
  }

  private static boolean isLegal(String model, String topic) {
    return !model.isEmpty() && LEGAL.matcher(model).matches() && topic.length() <= MAX_LENGTH;
  }

  private static IllegalArgumentException illegal(String model, String topic) {
    return new IllegalArgumentException(
        ("the model's name is %s, expected letters, digits, dots, underscores or dashes, so that"
                + " %s is a topic of its own")
            .formatted(Printable.quote(model), Printable.quote(topic)));
  }

  /** How the name of every model's lanes begins. */
  public String workPrefix() {
    return prefix + "work.";
  }

  public String chunks() {
    return prefix + "chunks";
  }

  public String completions() {
    return prefix + "completions";
  }

  public String deadLetters() {
    return prefix + "dead-letters";
  }

  public String control() {
    return prefix + "control";
  }

  public String workers() {
    return prefix + "workers";
  }
}
