package io.millrace.topology;

import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.record.Logprobs;
import io.millrace.topology.GeneratingChoice.Piece;
import java.util.Optional;

/**
 * A piece of a choice as the store has it.
 *
 * @param choice it belongs to
 * @param tokens sampled token ids
 * @param chars UTF-16 units of text that were published with it
 * @param end why the choice ended with it, if it did
 * @param logprobs of the tokens, if the prompt asks for them
 */
record SavedPiece(
    int choice, int[] tokens, int chars, Optional<FinishReason> end, Optional<Logprobs> logprobs) {
  static SavedPiece of(Piece piece) {
    return new SavedPiece(
        piece.choice(),
        piece.tokens().stream().mapToInt(Integer::intValue).toArray(),
        piece.text().length(),
        piece.end().map(Finished::reason),
        piece.logprobs());
  }
}
