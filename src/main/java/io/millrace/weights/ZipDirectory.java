package io.millrace.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The central directory of a ZIP or ZIP64 file (APPNOTE.TXT 6.3.10, section 4.3). It is read here,
 * and not with a library, because members are mapped: no library says where one's bytes stand and
 * bounds the heap that a hostile directory takes at the same time.
 */
final class ZipDirectory {
  static final int STORED = 0;
  static final int DEFLATED = 8;

  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int MAX_COMMENT = 0xffff;
  private static final int LOCATOR64_SIGNATURE = 0x07064b50;
  private static final int LOCATOR64_BYTES = 20;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int END64_BYTES = 56;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int ZIP64_EXTRA = 1;
  private static final int ENCRYPTED = 1;
  private static final long IN_ZIP64 = 0xffffffffL;

  private static final int MAX_DIRECTORY_BYTES = 16 << 20;
  private static final int MAX_MEMBERS = 1 << 16;

  /**
   * A member.
   *
   * @param local where its local header stands
   * @param offset where its bytes begin
   * @param packedBytes that it takes in the file
   * @param bytes that it has
   */
  record Member(
      String name, int method, int crc, long local, long offset, long packedBytes, long bytes) {}

  private final ModelFile file;

  ZipDirectory(ModelFile file) {
    this.file = file;
  }

  /** Where the directory is. */
  private record Location(long offset, long bytes, long members) {}

  /**
   * Reads the members, none of which share bytes.
   *
   * @throws CheckpointException when the file is no ZIP file or damaged
   */
  List<Member> read() {
    Location location = locate();
    if (location.bytes() < 0
        || location.bytes() > MAX_DIRECTORY_BYTES
        || location.offset() < 0
        || location.offset() > file.size() - location.bytes()
        || location.members() < 0
        || location.members() > MAX_MEMBERS) {
      throw file.problem(
          "has a ZIP directory of %d bytes and %d members at byte %d, which cannot be; the file is"
              + " damaged or not whole",
          location.bytes(), location.members(), location.offset());
    }
    ByteBuffer directory = little(location.offset(), (int) location.bytes());
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < location.members(); i++) {
      members.add(readEntry(directory));
    }
    members.sort(Comparator.comparingLong(Member::local));
    long free = 0;
    for (Member member : members) {
      if (member.local() < free) {
        throw file.problem("has members that overlap: %s begins in another", member.name());
      }
      free = member.offset() + member.packedBytes();
    }
    if (free > location.offset()) {
      throw file.problem("has members that overlap its ZIP directory");
    }
    return members;
  }

  private Location locate() {
    if (file.size() < END_BYTES) {
      throw file.problem("is %d bytes long, which is no npz file", file.size());
    }
    int tail = (int) Math.min(file.size(), END_BYTES + MAX_COMMENT);
    ByteBuffer bytes = little(file.size() - tail, tail);
    for (int at = tail - END_BYTES; at >= 0; at--) {
      int comment = Short.toUnsignedInt(bytes.getShort(at + 20));
      if (bytes.getInt(at) == END_SIGNATURE && at + END_BYTES + comment == tail) {
        int members = Short.toUnsignedInt(bytes.getShort(at + 10));
        long size = Integer.toUnsignedLong(bytes.getInt(at + 12));
        long offset = Integer.toUnsignedLong(bytes.getInt(at + 16));
        return members == 0xffff || size == IN_ZIP64 || offset == IN_ZIP64
            ? locate64(file.size() - tail + at)
            : new Location(offset, size, members);
      }
    }
    throw file.problem("has no ZIP directory at its end; it is damaged, not whole or no npz file");
  }

  private Location locate64(long end) {
    long locator = end - LOCATOR64_BYTES;
    if (locator >= 0) {
      ByteBuffer bytes = little(locator, LOCATOR64_BYTES);
      long at = bytes.getLong(8);
      if (bytes.getInt(0) == LOCATOR64_SIGNATURE && at >= 0 && at <= locator - END64_BYTES) {
        ByteBuffer end64 = little(at, END64_BYTES);
        if (end64.getInt(0) == END64_SIGNATURE) {
          return new Location(end64.getLong(48), end64.getLong(40), end64.getLong(32));
        }
      }
    }
    throw file.problem("announces a ZIP64 directory that is not there; the file is damaged");
  }

  private Member readEntry(ByteBuffer directory) {
    int at = directory.position();
    if (directory.remaining() < ENTRY_BYTES || directory.getInt(at) != ENTRY_SIGNATURE) {
      throw file.problem("has a damaged ZIP directory");
    }
    int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
    int extraBytes = Short.toUnsignedInt(directory.getShort(at + 30));
    int commentBytes = Short.toUnsignedInt(directory.getShort(at + 32));
    int entryBytes = ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
    if (directory.remaining() < entryBytes) {
      throw file.problem("has a damaged ZIP directory");
    }
    String name = name(directory.slice(at + ENTRY_BYTES, nameBytes));
    if ((directory.getShort(at + 8) & ENCRYPTED) != 0) {
      throw file.problem("has the encrypted member %s", name);
    }
    ByteBuffer extra =
        zip64Extra(
            directory
                .slice(at + ENTRY_BYTES + nameBytes, extraBytes)
                .order(ByteOrder.LITTLE_ENDIAN));
    long bytes = size(directory.getInt(at + 24), extra, name);
    long packedBytes = size(directory.getInt(at + 20), extra, name);
    long local = size(directory.getInt(at + 42), extra, name);
    directory.position(at + entryBytes);
    long offset = dataOffset(local, name);
    int method = Short.toUnsignedInt(directory.getShort(at + 10));
    if (bytes < 0 || packedBytes < 0 || packedBytes > file.size() - offset) {
      throw file.problem(
          "announces %d bytes for its member %s, which has not so many; the file is damaged or not"
              + " whole",
          packedBytes, name);
    }
    if (method != DEFLATED && (method != STORED || bytes != packedBytes)) {
      throw file.problem(
          "has member %s packed with method %d from %d to %d bytes, expected it stored or deflated",
          name, method, bytes, packedBytes);
    }
    return new Member(name, method, directory.getInt(at + 16), local, offset, packedBytes, bytes);
  }

  /** The ZIP64 sizes among the extra fields of an entry; empty when there are none. */
  private static ByteBuffer zip64Extra(ByteBuffer extra) {
    while (extra.remaining() >= 4) {
      int id = Short.toUnsignedInt(extra.getShort());
      int length = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
      if (id == ZIP64_EXTRA) {
        return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      }
      extra.position(extra.position() + length);
    }
    return ByteBuffer.allocate(0);
  }

  private long size(int size, ByteBuffer zip64, String name) {
    long unsigned = Integer.toUnsignedLong(size);
    if (unsigned != IN_ZIP64) {
      return unsigned;
    }
    if (zip64.remaining() < Long.BYTES) {
      throw file.problem("lacks a ZIP64 size of its member %s; the file is damaged", name);
    }
    return zip64.getLong();
  }

  /** Where the bytes behind a local header begin. */
  private long dataOffset(long local, String name) {
    if (local >= 0 && local <= file.size() - LOCAL_BYTES) {
      ByteBuffer header = little(local, LOCAL_BYTES);
      long offset =
          local
              + LOCAL_BYTES
              + Short.toUnsignedInt(header.getShort(26))
              + Short.toUnsignedInt(header.getShort(28));
      if (header.getInt(0) == LOCAL_SIGNATURE && offset <= file.size()) {
        return offset;
      }
    }
    throw file.problem(
        "has no member %s at byte %d; the file is damaged or not whole", name, local);
  }

  private String name(ByteBuffer bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw file.problem("has a member whose name is not valid UTF-8");
    }
  }

  private ByteBuffer little(long offset, int bytes) {
    return file.read(offset, bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
