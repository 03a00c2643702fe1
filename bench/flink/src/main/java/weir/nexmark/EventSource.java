package weir.nexmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Generated events without end, as fast as they are taken. A subtask has a split of its own. */
final class EventSource<T> implements Source<T, EventSplit, List<EventSplit>> {
  /** Events handed over by all readers of this process. */
  static final AtomicLong EMITTED = new AtomicLong();

  private static final int COUNTED_AT_ONCE = 256;

  private final long rate;
  private final EventConverter<T> converter;

  EventSource(long rate, EventConverter<T> converter) {
    this.rate = rate;
    this.converter = converter;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<T, EventSplit> createReader(SourceReaderContext context) {
    return new Reader();
  }

  @Override
  public SplitEnumerator<EventSplit, List<EventSplit>> createEnumerator(SplitEnumeratorContext<EventSplit> context) {
    List<EventSplit> splits = new ArrayList<>();
    int readers = context.currentParallelism();
    for (int i = 0; i < readers; i++) splits.add(new EventSplit(i, readers, i));
    return new Enumerator(context, splits);
  }

  @Override
  public SplitEnumerator<EventSplit, List<EventSplit>> restoreEnumerator(
      SplitEnumeratorContext<EventSplit> context, List<EventSplit> splits) {
    return new Enumerator(context, new ArrayList<>(splits));
  }

  @Override
  public SimpleVersionedSerializer<EventSplit> getSplitSerializer() {
    return serializer(split -> EventSplit.encode(List.of(split)), bytes -> EventSplit.decode(bytes).get(0));
  }

  @Override
  public SimpleVersionedSerializer<List<EventSplit>> getEnumeratorCheckpointSerializer() {
    return serializer(EventSplit::encode, EventSplit::decode);
  }

  private static <S> SimpleVersionedSerializer<S> serializer(Function<S, byte[]> encode, Function<byte[], S> decode) {
    return new SimpleVersionedSerializer<>() {
      @Override
      public int getVersion() {
        return 1;
      }

      @Override
      public byte[] serialize(S value) {
        return encode.apply(value);
      }

      @Override
      public S deserialize(int version, byte[] bytes) throws IOException {
        return decode.apply(bytes);
      }
    };
  }

  private static final class Enumerator implements SplitEnumerator<EventSplit, List<EventSplit>> {
    private final SplitEnumeratorContext<EventSplit> context;
    private final List<EventSplit> unassigned;

    Enumerator(SplitEnumeratorContext<EventSplit> context, List<EventSplit> unassigned) {
      this.context = context;
      this.unassigned = unassigned;
    }

    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void addSplitsBack(List<EventSplit> splits, int subtask) {
      unassigned.addAll(splits);
    }

    @Override
    public void addReader(int subtask) {
      for (EventSplit split : List.copyOf(unassigned)) {
        if (split.number != subtask) continue;
        unassigned.remove(split);
        context.assignSplit(split, subtask);
      }
      context.signalNoMoreSplits(subtask);
    }

    @Override
    public List<EventSplit> snapshotState(long checkpoint) {
      return List.copyOf(unassigned);
    }

    @Override
    public void close() {}
  }

  private final class Reader implements SourceReader<T, EventSplit> {
    private final CompletableFuture<Void> assigned = new CompletableFuture<>();
    private EventSplit split;
    private EventGenerator event;
    private int uncounted;

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<T> output) {
      if (split == null) return InputStatus.NOTHING_AVAILABLE;
      if (event == null) event = new EventGenerator(EventGenerator.DEFAULT_SEED, EventGenerator.DEFAULT_BASE, rate);
      event.make(split.next);
      output.collect(converter.convert(event));
      split.next += split.stride;
      if (++uncounted == COUNTED_AT_ONCE) {
        EMITTED.addAndGet(uncounted);
        uncounted = 0;
      }
      return InputStatus.MORE_AVAILABLE;
    }

    @Override
    public List<EventSplit> snapshotState(long checkpoint) {
      return split == null ? List.of() : List.of(split.copy());
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return assigned;
    }

    @Override
    public void addSplits(List<EventSplit> splits) {
      split = splits.get(0);
      assigned.complete(null);
    }

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }
}
