package weir.nexmark;

import java.nio.charset.StandardCharsets;

/** A piece of a byte array, so that generated text is not copied before Flink wants it. */
final class Text {
  byte[] bytes;
  int offset;
  int length;

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  void set(byte[] whole) {
    set(whole, 0, whole.length);
  }

  void set(byte[] from, int offset, int length) {
    bytes = from;
    this.offset = offset;
    this.length = length;
  }

  @Override
  public String toString() {
    return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
  }
}
