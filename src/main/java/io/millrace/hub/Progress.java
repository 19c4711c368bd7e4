package io.millrace.hub;

/** Hears how a download goes. Called from several threads at once. */
public interface Progress {
  /**
   * What is to be had.
   *
   * @param files of the model that are not in the cache
   * @param bytes of them
   */
  void begin(int files, long bytes);

  /**
   * More bytes are there.
   *
   * @param bytes may be negative, when some have to be fetched again
   */
  void advance(long bytes);

  /** Something did not work and is tried again. */
  void retry(String reason);

  /** All is there. */
  void end();
}
