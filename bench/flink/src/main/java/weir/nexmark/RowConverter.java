package weir.nexmark;

import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** Events as rows of the table in generated/events.sql. */
final class RowConverter implements EventConverter<RowData> {
  private static final long serialVersionUID = 1;

  @Override
  public RowData convert(GeneratedEvent e) {
    GenericRowData row = new GenericRowData(4);
    row.setField(0, e.kind);
    switch (e.kind) {
      case GeneratedEvent.PERSON -> row.setField(1, person(e));
      case GeneratedEvent.AUCTION -> row.setField(2, auction(e));
      default -> row.setField(3, bid(e));
    }
    return row;
  }

  private static RowData person(GeneratedEvent e) {
    return GenericRowData.of(e.id, text(e.name), text(e.email), text(e.creditCard), text(e.city), text(e.state),
        time(e.time), text(e.extra));
  }

  private static RowData auction(GeneratedEvent e) {
    return GenericRowData.of(e.id, text(e.itemName), text(e.description), e.initialBid, e.reserve, time(e.time),
        time(e.expires), e.seller, e.category, text(e.extra));
  }

  private static RowData bid(GeneratedEvent e) {
    return GenericRowData.of(
        e.auction, e.bidder, e.price, text(e.channel), text(e.url), time(e.time), text(e.extra));
  }

  private static StringData text(Text text) {
    return BinaryStringData.fromBytes(text.bytes, text.offset, text.length);
  }

  private static TimestampData time(long millis) {
    return TimestampData.fromEpochMillis(millis);
  }
}
