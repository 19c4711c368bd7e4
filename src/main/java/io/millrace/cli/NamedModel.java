package io.millrace.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;

/**
 * A model and its name on topics, {@code [NAME=]M}.
 *
 * @param name empty for the file's
 */
record NamedModel(Optional<String> name, Path path) {
  /** What stands before the first = is a name if it can be part of a topic's, else of the path. */
  private static final Pattern FORM = Pattern.compile("([A-Za-z0-9._-]+)=(.+)");

  static NamedModel parse(String text) {
    Matcher named = FORM.matcher(text);
    return named.matches()
        ? new NamedModel(Optional.of(named.group(1)), Path.of(named.group(2)))
        : new NamedModel(Optional.empty(), Path.of(text));
  }

  static final class Converter implements ITypeConverter<NamedModel> {
    @Override
    public NamedModel convert(String text) {
      return parse(text);
    }
  }
}
