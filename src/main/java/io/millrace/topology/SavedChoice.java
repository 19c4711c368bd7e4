package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.record.Logprobs;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What an earlier owner of a task has done of a choice.
 *
 * @param chunks with tokens or text
 * @param logprobs of its tokens, if the prompt asks for them, in pieces
 */
record SavedChoice(Progress progress, int chunks, List<Logprobs> logprobs) {
  static final SavedChoice NONE = new SavedChoice(Progress.NONE, 0, List.of());

  SavedChoice {
    requireNonNull(progress, "progress is null");
    logprobs = List.copyOf(logprobs);
  }

  /** This choice and one more piece of it. */
  SavedChoice plus(SavedPiece piece) {
    int[] saved = progress.tokens();
    int[] all = Arrays.copyOf(saved, saved.length + piece.tokens().length);
    System.arraycopy(piece.tokens(), 0, all, saved.length, piece.tokens().length);
    Progress further = new Progress(all, progress.publishedChars() + piece.chars(), piece.end());
    boolean isVisible = piece.tokens().length > 0 || piece.chars() > 0;
    return new SavedChoice(
        further,
        chunks + (isVisible ? 1 : 0),
        Stream.concat(logprobs.stream(), piece.logprobs().stream()).toList());
  }
}
