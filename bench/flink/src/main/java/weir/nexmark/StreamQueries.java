package weir.nexmark;

import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple1;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Queries as one would write them by hand for the DataStream API: exchanges carry only what is needed behind them. */
final class StreamQueries {
  private static final Duration WATERMARK_DELAY = Duration.ofSeconds(4);
  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final Duration SLIDE = Duration.ofSeconds(2);
  private static final int PARTS = 64; // of q7's windows, before they are put together
  static final TypeInformation<Tuple3<Long, Long, Long>> COUNTED = Types.TUPLE(Types.LONG, Types.LONG, Types.LONG);

  private StreamQueries() {}

  static void build(StreamExecutionEnvironment environment, String query, long rate) {
    DataStream<Event> events = environment.fromSource(
        new EventSource<>(rate, new ObjectConverter()),
        WatermarkStrategy.<Event>forBoundedOutOfOrderness(WATERMARK_DELAY)
            .withTimestampAssigner((event, unknown) -> event.time()),
        "events", TypeInformation.of(Event.class));
    DataStream<Event.Bid> bids =
        events.filter(event -> event.bid != null).map(event -> event.bid).returns(Event.Bid.class);
    result(events, bids, query).sinkTo(new DiscardingSink<>());
  }

  private static DataStream<?> result(DataStream<Event> events, DataStream<Event.Bid> bids, String query) {
    return switch (query) {
      case "q0" -> bids;
      case "q1" -> q1(bids);
      case "q2" -> bids.filter(bid -> bid.auction % 123 == 0).map(bid -> Tuple2.of(bid.auction, bid.price))
          .returns(Types.TUPLE(Types.LONG, Types.LONG));
      case "q5" -> q5(bids);
      case "q7" -> q7(bids);
      case "q8" -> q8(events);
      case "q11" -> q11(bids);
      case "q18" -> bids.keyBy(bid -> Tuple2.of(bid.bidder, bid.auction), Types.TUPLE(Types.LONG, Types.LONG))
          .process(new LastBid());
      default -> throw new IllegalArgumentException("there is no " + query + " for the DataStream API");
    };
  }

  private static DataStream<Event.Bid> q1(DataStream<Event.Bid> bids) {
    return bids.map(bid -> {
      Event.Bid converted = new Event.Bid();
      converted.auction = bid.auction;
      converted.bidder = bid.bidder;
      converted.price = bid.price * 908; // thousandths
      converted.dateTime = bid.dateTime;
      converted.extra = bid.extra;
      return converted;
    }).returns(Event.Bid.class);
  }

  private static DataStream<Tuple3<Long, Long, Long>> q5(DataStream<Event.Bid> bids) {
    DataStream<Tuple3<Long, Long, Long>> counts = bids.map(bid -> Tuple1.of(bid.auction))
        .returns(Types.TUPLE(Types.LONG)).keyBy(row -> row.f0, Types.LONG)
        .window(SlidingEventTimeWindows.of(WINDOW, SLIDE))
        .aggregate(new Count<>(), new ProcessWindowFunction<Long, Tuple3<Long, Long, Long>, Long, TimeWindow>() {
          @Override
          public void process(
              Long auction, Context context, Iterable<Long> counts, Collector<Tuple3<Long, Long, Long>> out) {
            out.collect(Tuple3.of(auction, counts.iterator().next(), context.window().getEnd()));
          }
        }, Types.LONG, Types.LONG, COUNTED);
    return counts.keyBy(row -> row.f2, Types.LONG).window(TumblingEventTimeWindows.of(SLIDE))
        .aggregate(new Largest<>(row -> row.f1), Types.LIST(COUNTED), Types.LIST(COUNTED))
        .flatMap((List<Tuple3<Long, Long, Long>> rows, Collector<Tuple3<Long, Long, Long>> out) -> rows.forEach(out::collect))
        .returns(COUNTED);
  }

  /** The highest bids of a window: of its parts first, so that not every bid meets the same state. */
  private static DataStream<Event.Bid> q7(DataStream<Event.Bid> bids) {
    TypeInformation<List<Event.Bid>> list = Types.LIST(TypeInformation.of(Event.Bid.class));
    Largest<Event.Bid> largest = new Largest<>(bid -> bid.price);
    return bids.keyBy(bid -> (int) (bid.auction % PARTS), Types.INT).window(TumblingEventTimeWindows.of(WINDOW))
        .aggregate(largest, list, list)
        .windowAll(TumblingEventTimeWindows.of(WINDOW)).reduce(largest::merge)
        .flatMap((List<Event.Bid> rows, Collector<Event.Bid> out) -> rows.forEach(out::collect))
        .returns(Event.Bid.class);
  }

  private static DataStream<Tuple2<Long, String>> q8(DataStream<Event> events) {
    TypeInformation<Tuple2<Long, String>> named = Types.TUPLE(Types.LONG, Types.STRING);
    DataStream<Tuple2<Long, String>> persons = events.filter(event -> event.person != null)
        .map(event -> Tuple2.of(event.person.id, event.person.name)).returns(named);
    DataStream<Tuple1<Long>> sellers = events.filter(event -> event.auction != null)
        .map(event -> Tuple1.of(event.auction.seller)).returns(Types.TUPLE(Types.LONG));
    return persons.coGroup(sellers).where(person -> person.f0, Types.LONG).equalTo(seller -> seller.f0, Types.LONG)
        .window(TumblingEventTimeWindows.of(WINDOW))
        .apply((Iterable<Tuple2<Long, String>> people, Iterable<Tuple1<Long>> opened,
            Collector<Tuple2<Long, String>> out) -> {
          if (people.iterator().hasNext() && opened.iterator().hasNext()) out.collect(people.iterator().next());
        }, named);
  }

  private static DataStream<Tuple4<Long, Long, Long, Long>> q11(DataStream<Event.Bid> bids) {
    return bids.map(bid -> Tuple1.of(bid.bidder)).returns(Types.TUPLE(Types.LONG)).keyBy(row -> row.f0, Types.LONG)
        .window(EventTimeSessionWindows.withGap(WINDOW))
        .aggregate(new Count<>(), new ProcessWindowFunction<Long, Tuple4<Long, Long, Long, Long>, Long, TimeWindow>() {
          @Override
          public void process(
              Long bidder, Context context, Iterable<Long> counts, Collector<Tuple4<Long, Long, Long, Long>> out) {
            TimeWindow window = context.window();
            out.collect(Tuple4.of(bidder, counts.iterator().next(), window.getStart(), window.getEnd()));
          }
        }, Types.LONG, Types.LONG, Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG));
  }

  /** q18: each bid that is not older than the last one of its bidder and auction. */
  private static final class LastBid extends KeyedProcessFunction<Tuple2<Long, Long>, Event.Bid, Event.Bid> {
    private static final long serialVersionUID = 1;
    private transient ValueState<Event.Bid> last;

    @Override
    public void open(OpenContext context) {
      last = getRuntimeContext().getState(new ValueStateDescriptor<>("last", Event.Bid.class));
    }

    @Override
    public void processElement(Event.Bid bid, Context context, Collector<Event.Bid> out) throws Exception {
      Event.Bid before = last.value();
      if (before != null && before.dateTime > bid.dateTime) return;
      last.update(bid);
      out.collect(bid);
    }
  }
}
