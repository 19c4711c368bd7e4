package io.millrace.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A byte-level vocabulary as the {@code tokenizer.json} that Hugging Face's library loads. */
final class BpeDefinition {
  private BpeDefinition() {}

  /**
   * Writes the definition. Merges whose parts or whole are no tokens are left out: the library
   * refuses them, and llama.cpp takes them apart again.
   */
  static JsonNode write(BpeVocabulary vocabulary) {
    ObjectNode definition = JsonNodeFactory.instance.objectNode();
    definition.put("version", "1.0");
    definition.putNull("truncation").putNull("padding");
    definition.set("added_tokens", blanks(vocabulary));
    definition.putNull("normalizer");
    definition.set("pre_tokenizer", preTokenizer(vocabulary.preTokenizer()));
    definition.putNull("post_processor").putNull("decoder");
    definition.set("model", model(vocabulary));
    return definition;
  }

  private static ArrayNode blanks(BpeVocabulary vocabulary) {
    ArrayNode tokens = JsonNodeFactory.instance.arrayNode();
    for (int token = 0; token < vocabulary.pieces().size(); token++) {
      if (vocabulary.isBlank(token)) {
        tokens
            .addObject()
            .put("id", token)
            .put("content", vocabulary.pieces().get(token))
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", false);
      }
    }
    return tokens;
  }

  private static ObjectNode preTokenizer(PreTokenizer cuts) {
    ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("pretokenizers");
    for (String regex : cuts.regexes()) {
      ObjectNode split = steps.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", regex);
      split.put("behavior", "Isolated").put("invert", false);
    }
    steps
        .addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
    return sequence;
  }

  private static ObjectNode model(BpeVocabulary vocabulary) {
    ObjectNode model = JsonNodeFactory.instance.objectNode().put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false);
    model.put("ignore_merges", vocabulary.preTokenizer().takesWholeWords());
    ObjectNode tokens = model.putObject("vocab");
    for (int token = 0; token < vocabulary.pieces().size(); token++) {
      String piece = vocabulary.pieces().get(token);
      // Blank tokens are there as well: the library gives added tokens the ids of their spellings.
      if ((vocabulary.isMerged(token) || vocabulary.isBlank(token)) && !tokens.has(piece)) {
        tokens.put(piece, token);
      }
    }
    ArrayNode merges = model.putArray("merges");
    for (String merge : vocabulary.merges()) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw new IllegalArgumentException(
            "the merge \"%s\" has no space, expected two spellings".formatted(merge));
      }
      String left = merge.substring(0, space);
      String right = merge.substring(space + 1);
      if (tokens.has(left) && tokens.has(right) && tokens.has(left + right)) {
        merges.addArray().add(left).add(right);
      }
    }
    return model;
  }
}
