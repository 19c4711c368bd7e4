package io.millrace.text;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How byte-level BPE vocabularies cut a text into words before they merge tokens. The expressions
 * are those that llama.cpp knows by the names in {@code tokenizer.ggml.pre}, in Oniguruma's syntax;
 * each cuts the pieces that the one before has left, and what lies between two matches is a piece
 * too.
 */
public enum PreTokenizer {
  /** Files that name none. */
  DEFAULT(
      Set.of("default"), "[\\p{P}\\$\\+<=>\\^~\\|]+", Regex.GPT_2, "\\p{N}+", "[0-9][0-9][0-9]"),
  LLAMA_3(
      Set.of("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"),
      true,
      true,
      Regex.words("\\p{N}{1,3}")),
  /** As Llama 3's, but only by merges. */
  DBRX(Set.of("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"), Regex.words("\\p{N}{1,3}")),
  QWEN_2(
      Set.of("qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan", "kormo", "grok-2"),
      Regex.words("\\p{N}")),
  GPT_2(
      Set.of("gpt-2", "mpt", "olmo", "jais", "phi-2", "exaone4", "gigachat", "trillion"),
      Regex.GPT_2),
  STARCODER(
      Set.of("starcoder", "refact", "smollm", "command-r", "codeshell", "exaone", "minerva-7b"),
      "\\p{N}",
      Regex.GPT_2),
  FALCON(Set.of("falcon"), "[\\p{P}\\$\\+<=>\\^~\\|`]+", Regex.GPT_2, "[0-9][0-9][0-9]"),
  DEEPSEEK_LLM(
      Set.of("deepseek-llm"),
      "[\r\n]",
      "\\s?[" + Regex.CASED_LETTERS + "]+",
      "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3001}\\x{3002}]+",
      "\\s+$",
      Regex.EAST_ASIAN,
      "\\p{N}+"),
  DEEPSEEK_CODER(
      Set.of("deepseek-coder"), "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", Regex.EAST_ASIAN, "\\p{N}"),
  DEEPSEEK_V3(
      Set.of("deepseek-v3", "hunyuan-dense"),
      "\\p{N}{1,3}",
      "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+",
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
          // To llama.cpp the tilde is no symbol.
          + "|[[^\r\n\\p{L}\\p{P}\\p{S}]~]?[\\p{L}\\p{M}]+"
          + "| ?[\\p{P}[\\p{S}&&[^~]]]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
  TEKKEN(Set.of("tekken"), true, true, Regex.casedWords("", "\\p{N}")),
  GPT_4O(Set.of("gpt-4o", "llama4"), Regex.casedWords(Regex.ENDINGS + "?", "\\p{N}{1,3}"));

  private static final Map<String, PreTokenizer> BY_NAME =
      Arrays.stream(values())
          .flatMap(cuts -> cuts.names.stream().map(name -> Map.entry(name, cuts)))
          .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

  private final Set<String> names;
  private final boolean takesWholeWords;
  private final boolean addsBos;
  private final List<String> regexes;

  PreTokenizer(Set<String> names, String... regexes) {
    this(names, false, false, regexes);
  }

  PreTokenizer(Set<String> names, boolean takesWholeWords, boolean addsBos, String... regexes) {
    this.names = names;
    this.takesWholeWords = takesWholeWords;
    this.addsBos = addsBos;
    this.regexes = List.of(regexes);
  }

  /** The one of this name in {@code tokenizer.ggml.pre}. */
  public static Optional<PreTokenizer> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /** Every name, for error messages. */
  public static Stream<String> names() {
    return BY_NAME.keySet().stream().sorted();
  }

  /** Whether prompts begin with the beginning-of-sequence token where a file does not say. */
  public boolean addsBos() {
    return addsBos;
  }

  /** Whether a word that is a token is not merged from its bytes. */
  boolean takesWholeWords() {
    return takesWholeWords;
  }

  List<String> regexes() {
    return regexes;
  }

  /** Expressions that several have in common. */
  private static final class Regex {
    static final String ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    static final String GPT_2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    /** Also many that are not, but white space only of ASCII is in a range to llama.cpp. */
    static final String EAST_ASIAN =
        "[[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]&&[^\\s]]+";

    /** Latin, Greek, Cyrillic and other scripts with capital letters. */
    static final String CASED_LETTERS =
        "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}"
            + "\\x{1c4}-\\x{293}\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}"
            + "\\x{37b}-\\x{37d}\\x{37f}\\x{386}\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}"
            + "\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}\\x{531}-\\x{556}"
            + "\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}"
            + "\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}"
            + "\\x{1e00}-\\x{1f15}\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}"
            + "\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-\\x{1f7d}"
            + "\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}"
            + "\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}"
            + "\\x{1ff2}-\\x{1ff4}\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}"
            + "\\x{2115}\\x{2119}-\\x{211d}\\x{2124}\\x{2126}\\x{2128}\\x{212a}-\\x{212d}"
            + "\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}\\x{2145}-\\x{2149}\\x{214e}"
            + "\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}\\x{2ceb}-\\x{2cee}"
            + "\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"
            + "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}"
            + "\\x{fb13}-\\x{fb17}\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}"
            + "\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}\\x{104d8}-\\x{104fb}"
            + "\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}"
            + "\\x{1e900}-\\x{1e943}";

    private static final String REST =
        " ?[^\\s\\p{L}\\p{N}]+[\\r\\n%s]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Words of letters, and numbers of as many digits as the expression for digits takes. */
    static String words(String digits) {
      return ENDINGS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits + "|" + REST.formatted("");
    }

    /**
     * As {@link #words}, but cut before a capital letter that follows a small one. Only letters of
     * ASCII are one or the other to llama.cpp.
     */
    static String casedWords(String endings, String digits) {
      String capital = "[\\p{L}&&[^a-z]]";
      String small = "[\\p{L}&&[^A-Z]]";
      String before = "[^\\r\\n\\p{L}\\p{N}]?";
      return before
          + capital
          + "*"
          + small
          + "+"
          + endings
          + "|"
          + before
          + capital
          + "+"
          + small
          + "*"
          + endings
          + "|"
          + digits
          + "|"
          + REST.formatted("/");
    }
  }
}
