package io.millrace.weights;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Which part of a split model a GGUF file is, as {@code llama-gguf-split} writes it. The names of
 * the parts end in {@code -00001-of-00003.gguf}.
 *
 * @param number of this part, from 0
 * @param count of parts, 1 for a model that is not split
 * @param tensors of all parts together, where the file says it
 */
record GgufSplit(int number, int count, OptionalInt tensors) {
  private static final int MAX_PARTS = 999;
  private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})(\\.gguf)");

  static GgufSplit of(GgufPart part) {
    GgufMetadata metadata = part.metadata();
    int count = metadata.integer("split.count", 0, MAX_PARTS).orElse(1);
    return count <= 1
        ? new GgufSplit(0, 1, OptionalInt.empty())
        : new GgufSplit(
            metadata.integer("split.no", 0, count - 1).orElse(0),
            count,
            metadata.integer("split.tensors.count", 0, Integer.MAX_VALUE));
  }

  /** The files of all parts, beside that of this one. */
  List<Path> paths(Path file) {
    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
    if (!name.matches()
        || Integer.parseInt(name.group(2)) != number + 1
        || Integer.parseInt(name.group(3)) != count) {
      throw new CheckpointException(
          file,
          "is part %d of %d of a model; expected a name that ends in -%05d-of-%05d.gguf, and the"
                  .formatted(number + 1, count, number + 1, count)
              + " other parts beside it");
    }
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> "%s-%05d-of-%05d%s".formatted(name.group(1), i, count, name.group(4)))
        .map(file::resolveSibling)
        .toList();
  }

  /** Checks that {@code part} is the part that its name says. */
  static void check(GgufPart part, int number, int count) {
    GgufSplit split = of(part);
    if (split.number() != number || split.count() != count) {
      throw part.file()
          .problem(
              "is part %d of %d of a model, expected part %d of %d",
              split.number() + 1, split.count(), number + 1, count);
    }
  }

  /** Checks the number of tensors that were found in all parts. */
  void checkTensors(GgufPart first, int found) {
    if (tensors.isPresent() && tensors.getAsInt() != found) {
      throw first
          .file()
          .problem("announces %d tensors in %d parts, found %d", tensors.getAsInt(), count, found);
    }
  }
}
