package io.millrace.weights;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Identifies weights and tokenizer: a SHA-256 over what describes them and over samples of the
 * tensors. A gigabyte is not read in full for it: a file that was changed by hand between the
 * samples goes unnoticed, another quantization, training run or vocabulary does not.
 */
final class Fingerprint {
  /** Of each tensor, its beginning, middle and end are taken. */
  private static final int SAMPLE_BYTES = 4096;

  private static final int STEP_BYTES = 1 << 20;

  private final MessageDigest digest;

  Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  Fingerprint add(ByteBuffer bytes) {
    digest.update(bytes);
    return this;
  }

  Fingerprint add(long number) {
    return add(ByteBuffer.allocate(Long.BYTES).putLong(number).flip());
  }

  /** Adds all of a file. */
  Fingerprint addAll(ModelFile file) {
    for (long at = 0; at < file.size(); at += STEP_BYTES) {
      add(file.read(at, (int) Math.min(STEP_BYTES, file.size() - at)));
    }
    return add(file.size());
  }

  /** Adds samples of a part of a file. */
  Fingerprint sample(ModelFile file, long offset, long bytes) {
    long last = Math.max(0, bytes - SAMPLE_BYTES);
    for (long start : new long[] {0, last / 2, last}) {
      add(file.read(offset + start, (int) Math.min(SAMPLE_BYTES, bytes - start)));
    }
    return this;
  }

  /** The fingerprint, in hexadecimal. Nothing can be added any more. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
