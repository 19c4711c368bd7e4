package io.millrace.engine.simulated;

/** The vocabulary of the simulated engine; a few words are not ASCII, as real text is. */
final class Words {
  private static final String[] WORDS = {
    "river", "stone", "mill", "wheel", "water", "grain", "flour", "bread", "morning", "evening",
    "slowly", "turns", "under", "over", "the", "a", "and", "then", "bright", "cold", "old", "café",
    "naïve", "élan", "水車", "🌾", "wind", "sail", "bridge", "meadow", "sparrow", "miller"
  };

  private Words() {}

  /** The token at a position of the completion. */
  static int at(String prompt, long seed, int position) {
    long key = seed + 31L * prompt.hashCode() + 0x9E3779B97F4A7C15L * (position + 1);
    return Math.floorMod(mix(key), WORDS.length);
  }

  static String text(int token) {
    return WORDS[Math.floorMod(token, WORDS.length)];
  }

  /** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
  private static long mix(long key) {
    long mixed = (key ^ (key >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
