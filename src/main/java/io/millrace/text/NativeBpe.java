package io.millrace.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Hugging Face's tokenizers library on one definition, a {@code tokenizer.json}. Thread-safe. */
final class NativeBpe {
  private static final Cleaner NATIVES = Cleaner.create();

  /** Without these the library cuts every text after 512 tokens. */
  private static final Map<String, String> WHOLE_TEXTS =
      Map.of("truncation", "false", "padding", "false");

  private final HuggingFaceTokenizer library;

  private NativeBpe(HuggingFaceTokenizer library) {
    this.library = library;
    NATIVES.register(this, library::close);
  }

  /**
   * Loads a definition.
   *
   * @throws IllegalArgumentException when the library refuses it
   * @throws IllegalStateException when there is no library for this platform
   */
  static NativeBpe load(JsonNode definition) {
    Djl.configure();
    byte[] json = definition.toString().getBytes(StandardCharsets.UTF_8);
    try {
      return new NativeBpe(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), WHOLE_TEXTS));
    } catch (IOException e) {
      throw new IllegalArgumentException("the tokenizer cannot be read: " + e.getMessage(), e);
    } catch (LinkageError | IllegalStateException e) {
      throw Djl.notLoaded("Hugging Face tokenizers", e);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "Hugging Face's tokenizers library refuses the tokenizer: " + e.getMessage(), e);
    }
  }

  /** Token ids, without anything around them. */
  int[] encode(String text) {
    try {
      return Arrays.stream(library.encode(text, false, false).getIds())
          .mapToInt(Math::toIntExact)
          .toArray();
    } finally {
      // The native part is freed when this object is unreachable: not before the call is over.
      Reference.reachabilityFence(this);
    }
  }
}
