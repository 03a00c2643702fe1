package weir.nexmark;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.connector.source.SourceSplit;

/** One reader's events: every `stride`th, beginning with `next`. */
final class EventSplit implements SourceSplit {
  private static final int BYTES = 16;

  final int number;
  final int stride;
  long next;

  EventSplit(int number, int stride, long next) {
    this.number = number;
    this.stride = stride;
    this.next = next;
  }

  EventSplit copy() {
    return new EventSplit(number, stride, next);
  }

  @Override
  public String splitId() {
    return Integer.toString(number);
  }

  static byte[] encode(List<EventSplit> splits) {
    ByteBuffer out = ByteBuffer.allocate(BYTES * splits.size());
    for (EventSplit split : splits) out.putInt(split.number).putInt(split.stride).putLong(split.next);
    return out.array();
  }

  static List<EventSplit> decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    List<EventSplit> splits = new ArrayList<>();
    while (in.hasRemaining()) splits.add(new EventSplit(in.getInt(), in.getInt(), in.getLong()));
    return splits;
  }
}
