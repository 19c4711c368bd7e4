package io.millrace.record;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/**
 * The version of records that pass between Millrace's own processes. Readers ignore fields that
 * they do not know, so a new field leaves the version as it is; the version rises with a change
 * that an older reader must not ignore.
 */
final class RecordVersion {
  private static final int CURRENT = 1;

  private RecordVersion() {}

  static void write(JsonGenerator json) throws IOException {
    json.writeNumberField("version", CURRENT);
  }

  static void check(Fields fields) {
    int version = fields.requiredInt("version", 1, Integer.MAX_VALUE);
    if (version > CURRENT) {
      throw new MalformedRecordException(
          ErrorCode.INVALID_VALUE.error(
              ("version is %d, expected at most %d: another machine runs a newer Millrace, upgrade"
                      + " this one")
                  .formatted(version, CURRENT),
              "version"));
    }
  }
}
