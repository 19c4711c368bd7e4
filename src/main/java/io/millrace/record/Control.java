package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Locale;

/**
 * What a client asks about a prompt that it has published, on {@code control}; the record's key is
 * the prompt's id.
 */
public record Control(Action action) {
  public Control {
    requireNonNull(action, "action is null");
  }

  /** What can be asked. */
  public enum Action {
    /** End the prompt, waiting or running. */
    CANCEL
  }

  /**
   * Reads a record's value.
   *
   * @throws MalformedRecordException when it asks nothing that can be asked
   */
  public static Control fromJson(byte[] value) {
    String action = Json.read(value).requiredText("action");
    return Arrays.stream(Action.values())
        .filter(known -> name(known).equals(action))
        .findFirst()
        .map(Control::new)
        .orElseThrow(() -> Fields.invalid("action", Printable.quote(action), "cancel"));
  }

  /** The record's value. */
  public byte[] toJson() {
    return Json.write(json -> json.writeStringField("action", name(action)));
  }

  private static String name(Action action) {
    return action.name().toLowerCase(Locale.ROOT);
  }
}
