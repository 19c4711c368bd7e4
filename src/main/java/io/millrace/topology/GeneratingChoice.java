package io.millrace.topology;

import io.millrace.engine.Engine.Generation;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.TokenLogprobs;
import io.millrace.engine.TokenLogprobs.Entry;
import io.millrace.record.Logprobs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One of the completions of a prompt, and what the engine has said about it since the last look.
 */
final class GeneratingChoice {
  private final int index;
  private final SavedChoice saved;
  private final List<Integer> tokens = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private final List<TokenLogprobs> freshLogprobs = new ArrayList<>();
  private final List<Logprobs> logprobs;
  private int chunks;
  private Optional<Generation> generation = Optional.empty();
  private Optional<GenerationEvent> end = Optional.empty();
  private boolean endIsNews;

  /**
   * @param index from 0
   * @param saved what an earlier owner of the task has done of it
   */
  GeneratingChoice(int index, SavedChoice saved) {
    this.index = index;
    this.saved = saved;
    this.logprobs = new ArrayList<>(saved.logprobs());
    this.chunks = saved.chunks();
  }

  /**
   * What came since the last look, in order.
   *
   * @param choice it belongs to
   * @param index of its chunk
   * @param end how the choice has ended, if it has since the last look
   */
  record Piece(
      int choice,
      int index,
      List<Integer> tokens,
      String text,
      Optional<Logprobs> logprobs,
      Optional<Finished> end) {
    /** Whether there is something to show to readers. */
    boolean isVisible() {
      return !tokens.isEmpty() || !text.isEmpty();
    }

    boolean isEmpty() {
      return !isVisible() && end.isEmpty();
    }
  }

  int index() {
    return index;
  }

  Progress resumed() {
    return saved.progress();
  }

  void submitted(Generation submission) {
    generation = Optional.of(submission);
  }

  /** The engine's, once it has it. */
  Optional<Generation> generation() {
    return generation;
  }

  void take(GenerationEvent event) {
    switch (event) {
      case Tokens sampled -> {
        IntStream.of(sampled.tokens()).forEach(tokens::add);
        text.append(sampled.text());
        freshLogprobs.addAll(sampled.logprobs());
      }
      case Finished finished -> {
        text.append(finished.lastText());
        end = Optional.of(finished);
        // The end of a choice that had ended before is in the store.
        endIsNews = saved.progress().end().isEmpty();
      }
      case Failed failed -> end = Optional.of(failed);
    }
  }

  /** How it ended, if it has. */
  Optional<GenerationEvent> end() {
    return end;
  }

  Piece takePiece() {
    Optional<Logprobs> fresh =
        freshLogprobs.isEmpty() ? Optional.empty() : Optional.of(logprobs(freshLogprobs));
    Optional<Finished> news =
        end.filter(event -> endIsNews && event instanceof Finished).map(Finished.class::cast);
    Piece piece = new Piece(index, chunks, List.copyOf(tokens), text.toString(), fresh, news);
    fresh.ifPresent(logprobs::add);
    tokens.clear();
    text.setLength(0);
    freshLogprobs.clear();
    endIsNews = false;
    return piece;
  }

  /** A piece is saved, and shown if the prompt streams. */
  void saved(Piece piece) {
    chunks += piece.isVisible() ? 1 : 0;
  }

  /** Nothing but the index that the next chunk has. */
  Piece nothing() {
    return new Piece(index, chunks, List.of(), "", Optional.empty(), Optional.empty());
  }

  /** Of all its tokens, those of an earlier attempt included; empty if nobody asked for them. */
  Optional<Logprobs> allLogprobs() {
    return logprobs.isEmpty() ? Optional.empty() : Optional.of(Logprobs.join(logprobs));
  }

  private static Logprobs logprobs(List<TokenLogprobs> tokens) {
    return new Logprobs(
        tokens.stream().map(token -> token.token().text()).toList(),
        tokens.stream().map(token -> token.token().logprob()).toList(),
        tokens.stream().map(GeneratingChoice::byText).toList(),
        tokens.stream().map(TokenLogprobs::textOffset).toList());
  }

  /** Of tokens with the same text the likeliest counts. */
  private static Map<String, Double> byText(TokenLogprobs token) {
    Map<String, Double> entries = new LinkedHashMap<>();
    token.top().forEach(entry -> entries.putIfAbsent(entry.text(), entry.logprob()));
    Entry own = token.token();
    entries.putIfAbsent(own.text(), own.logprob());
    return entries;
  }
}
