package io.millrace.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads a {@code tokenizer.json} of Hugging Face's library: a BPE model, byte-level or in
 * SentencePiece's spelling. The library gets a copy without added tokens, which are found here, and
 * without post-processor and decoder, which are interpreted here.
 */
final class TokenizerJson {
  private static final int MAX_TOKENS = 300_000;
  private static final byte[] NOTHING = {};

  private final ObjectNode root;
  private final FolderConfig config;
  private final Map<Integer, AddedToken> added = new LinkedHashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();

  private TokenizerJson(ObjectNode root, FolderConfig config) {
    this.root = root;
    this.config = config;
  }

  /**
   * Loads the tokenizer.
   *
   * @throws IllegalArgumentException when it is none, or none that this build can use
   */
  static Tokenizer load(ObjectNode root, FolderConfig config) {
    return new TokenizerJson(root, config).load();
  }

  private Tokenizer load() {
    String type = root.path("model").path("type").asText("BPE");
    if (!type.equals("BPE")) {
      throw new IllegalArgumentException(
          "has a model of type %s, which this build cannot use, expected BPE".formatted(type));
    }
    readAddedTokens();
    List<String> pieces = pieces();
    TokenTable table = table(pieces);
    ObjectNode definition = definition();
    NativeBpe beginning = NativeBpe.load(definition);
    NativeBpe continuing =
        prefixesFirstOnly(definition.path("pre_tokenizer"))
            ? NativeBpe.load(withoutPrefix(definition))
            : beginning;
    return new BpeTokenizer(table, beginning, continuing);
  }

  private void readAddedTokens() {
    for (JsonNode json : root.path("added_tokens")) {
      add(AddedToken.read(json.path("id").asInt(-1), json));
    }
    config.addedTokens().stream()
        .filter(token -> !added.containsKey(token.id()))
        .forEach(this::add);
  }

  private void add(AddedToken token) {
    if (token.id() < 0 || token.id() >= MAX_TOKENS) {
      throw new IllegalArgumentException(
          "the added token %s has the id %d, expected 0 to %d"
              .formatted(token.spelling(), token.id(), MAX_TOKENS - 1));
    }
    added.put(token.id(), token);
    ids.put(token.spelling(), token.id());
  }

  /** Spellings by id: the model's, the added ones, and empty ones for gaps and padding. */
  private List<String> pieces() {
    if (!(root.path("model").path("vocab") instanceof ObjectNode vocab)) {
      throw new IllegalArgumentException("has no model.vocab, expected an object");
    }
    int size = Math.max(1, config.vocabSize());
    for (Map.Entry<String, JsonNode> token : vocab.properties()) {
      int id = token.getValue().isInt() ? token.getValue().intValue() : -1;
      if (id < 0 || id >= MAX_TOKENS) {
        throw new IllegalArgumentException(
            "token %s has the id %s, expected 0 to %d"
                .formatted(token.getKey(), token.getValue(), MAX_TOKENS - 1));
      }
      ids.putIfAbsent(token.getKey(), id);
      size = Math.max(size, id + 1);
    }
    for (int id : added.keySet()) {
      size = Math.max(size, id + 1);
    }
    List<String> pieces = new ArrayList<>(Collections.nCopies(size, ""));
    vocab.properties().forEach(token -> pieces.set(token.getValue().intValue(), token.getKey()));
    added.values().forEach(token -> pieces.set(token.id(), token.spelling()));
    return pieces;
  }

  private TokenTable table(List<String> pieces) {
    Spelling spelling = Spelling.of(root);
    List<byte[]> bytes = new ArrayList<>(pieces.size());
    for (int id = 0; id < pieces.size(); id++) {
      bytes.add(added.containsKey(id) ? added.get(id).bytes() : spelling.decode(pieces.get(id)));
    }
    TemplateEnds template = TemplateEnds.of(root.path("post_processor"));
    OptionalInt bos = id(config.bos().or(template::first));
    OptionalInt eos = id(config.eos().or(template::last));
    Set<Integer> ends = new HashSet<>(config.endOfGeneration());
    ends.removeIf(id -> id < 0 || id >= pieces.size());
    eos.ifPresent(ends::add);
    for (int end : ends) {
      bytes.set(end, NOTHING);
    }
    return new TokenTable(
        pieces,
        bytes,
        added.values().stream().filter(token -> !token.isBlank()).map(AddedToken::token).toList(),
        bos,
        eos,
        config.addBos().orElse(template.first().isPresent()),
        config.addEos().orElse(template.last().isPresent()),
        ends);
  }

  private OptionalInt id(Optional<String> spelling) {
    return spelling
        .filter(ids::containsKey)
        .map(ids::get)
        .map(OptionalInt::of)
        .orElse(OptionalInt.empty());
  }

  private ObjectNode definition() {
    ObjectNode definition = JsonNodeFactory.instance.objectNode();
    definition.put("version", "1.0");
    definition.putNull("truncation").putNull("padding");
    ArrayNode blanks = definition.putArray("added_tokens");
    added.values().stream()
        .filter(AddedToken::isBlank)
        .forEach(token -> blanks.add(token.json().deepCopy().put("id", token.id())));
    definition.set("normalizer", orNull(root.get("normalizer")));
    definition.set("pre_tokenizer", orNull(root.get("pre_tokenizer")));
    definition.putNull("post_processor").putNull("decoder");
    definition.set("model", model());
    return definition;
  }

  /** The model without the tokens that text must not become; merges and the library need some. */
  private ObjectNode model() {
    ObjectNode model = ((ObjectNode) root.get("model")).put("type", "BPE");
    Set<String> unreachable = new HashSet<>();
    added.values().stream()
        .filter(token -> !token.isBlank())
        .forEach(token -> unreachable.add(token.spelling()));
    unreachable.remove(model.path("unk_token").asText());
    for (JsonNode merge : model.path("merges")) {
      String left = merge.isArray() ? merge.path(0).asText() : left(merge.asText());
      String right = merge.isArray() ? merge.path(1).asText() : right(merge.asText());
      unreachable.remove(left);
      unreachable.remove(right);
      unreachable.remove(left + right);
    }
    ((ObjectNode) model.get("vocab")).remove(unreachable);
    return model;
  }

  private static String left(String merge) {
    int space = merge.indexOf(' ');
    return space < 0 ? merge : merge.substring(0, space);
  }

  private static String right(String merge) {
    return merge.substring(merge.indexOf(' ') + 1);
  }

  private static JsonNode orNull(JsonNode json) {
    return json == null ? JsonNodeFactory.instance.nullNode() : json;
  }

  /** Whether only the beginning of a text gets a space in front, not what follows a token. */
  private static boolean prefixesFirstOnly(JsonNode preTokenizer) {
    return preTokenizer.findValuesAsText("prepend_scheme").contains("first");
  }

  private static ObjectNode withoutPrefix(ObjectNode definition) {
    ObjectNode bare = definition.deepCopy();
    bare.path("pre_tokenizer")
        .findParents("prepend_scheme")
        .forEach(step -> ((ObjectNode) step).put("prepend_scheme", "never"));
    return bare;
  }

  /** How the vocabulary writes bytes. */
  private enum Spelling {
    BYTE_LEVEL {
      @Override
      byte[] decode(String piece) {
        return ByteLevelAlphabet.decode(piece);
      }
    },
    SENTENCE_PIECE {
      @Override
      byte[] decode(String piece) {
        try {
          return new byte[] {(byte) SpmVocabulary.byteOf(piece)};
        } catch (NumberFormatException e) {
          return piece.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
        }
      }
    };

    abstract byte[] decode(String piece);

    static Spelling of(ObjectNode root) {
      Set<String> steps = new HashSet<>(root.path("decoder").findValuesAsText("type"));
      if (steps.contains("ByteLevel")) {
        return BYTE_LEVEL;
      }
      if (steps.contains("ByteFallback") || steps.contains("Metaspace")) {
        return SENTENCE_PIECE;
      }
      throw new IllegalArgumentException(
          "has a decoder of %s, which this build cannot use, expected ByteLevel, ByteFallback or Metaspace"
              .formatted(steps.isEmpty() ? "no type" : steps));
    }
  }

  /** What the post-processor puts around a text. */
  private record TemplateEnds(Optional<String> first, Optional<String> last) {
    static TemplateEnds of(JsonNode postProcessor) {
      Optional<String> first = Optional.empty();
      Optional<String> last = Optional.empty();
      for (JsonNode processor : processors(postProcessor)) {
        String type = processor.path("type").asText();
        if (type.equals("ByteLevel")) {
          continue;
        }
        if (!type.equals("TemplateProcessing")) {
          throw new IllegalArgumentException(
              "has a post_processor of type %s, which this build cannot use, expected TemplateProcessing"
                  .formatted(type));
        }
        boolean text = false;
        for (JsonNode step : processor.path("single")) {
          if (step.has("Sequence")) {
            text = true;
          } else if (text) {
            last = Optional.of(step.path("SpecialToken").path("id").asText());
          } else {
            first = Optional.of(step.path("SpecialToken").path("id").asText());
          }
        }
      }
      return new TemplateEnds(first, last);
    }

    private static List<JsonNode> processors(JsonNode postProcessor) {
      if (postProcessor.isMissingNode() || postProcessor.isNull()) {
        return List.of();
      }
      List<JsonNode> processors = new ArrayList<>();
      if (postProcessor.path("type").asText().equals("Sequence")) {
        postProcessor.path("processors").forEach(processors::add);
      } else {
        processors.add(postProcessor);
      }
      return processors;
    }
  }
}
