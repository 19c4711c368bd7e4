package io.millrace.cli;

/** Emphasis on a terminal; none elsewhere, nor where {@code NO_COLOR} is set. */
enum Colours {
  ON,
  OFF;

  private static final String BOLD = "\u001b[1m";
  private static final String DIM = "\u001b[2m";
  private static final String RESET = "\u001b[0m";

  /** What suits stdout. */
  static Colours ofStdout() {
    boolean terminal = System.console() != null && System.console().isTerminal();
    String noColor = System.getenv("NO_COLOR");
    return terminal && (noColor == null || noColor.isEmpty()) ? ON : OFF;
  }

  String bold(String text) {
    return around(BOLD, text);
  }

  String dim(String text) {
    return around(DIM, text);
  }

  private String around(String code, String text) {
    return this == ON ? code + text + RESET : text;
  }
}
