#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <weir/operators/source_operator.hpp>

namespace weir {

/// The wall clock as the times of rows: never goes back, wherever the clock jumps, and steps over restored watermarks.
class IngestionClock {
 public:
  explicit IngestionClock(Environment& environment) : environment_(environment) {}

  /// Rows that come now are not to be late by `watermark`.
  void step_over(EventTime watermark) { latest_ = std::max(latest_, saturating_add(watermark, Duration{1})); }
  /// Reads the clock: the time of all rows of a batch.
  EventTime now() { return latest_ = std::max(latest_, environment_.wall_clock()); }

  /// How far a partition is at `now` in which nothing came: in steps, so that a silent source does not send a mark each
  /// millisecond. Windows whose ends are multiples of the step fire on time.
  static EventTime silent_watermark(EventTime now) {
    const std::int64_t into = (now.millis % kStep.count() + kStep.count()) % kStep.count();
    return EventTime{now.millis - into} - Duration{1};
  }
  static constexpr Duration kStep{50};

 private:
  Environment& environment_;
  EventTime latest_ = EventTime::min();
};

/// The typed end of a source whose rows' event time is the moment at which they were read; see SourceStream::ingestion_time().
template <class Row>
class IngestionTimeSource final : public SourceOperator {
 public:
  explicit IngestionTimeSource(SourceContext context)
      : clock_(*context.base.environment), rejects_(context), rows_(context.base, 0) {}

  void add_partition(std::uint32_t partition, std::string_view name, EventTime watermark) override {
    partitions_.emplace(partition, Partition{std::string(name), watermark});
    if (watermark != EventTime::min()) clock_.step_over(watermark);
  }

  Read read(std::uint32_t index, PartitionReader& reader, std::size_t limit) override {
    Partition& partition = partitions_.at(index);
    rejects_.begin(partition.name);
    RowBatch<Row>& batch = rows_.batch();
    BatchAndRejects into(batch, rejects_);
    const ReadStatus status = reader.read(into, std::min(limit, batch.room()));
    const std::size_t n = batch.size();
    const EventTime now = clock_.now();
    std::fill_n(batch.times().data(), n, now);
    // Rows read within the same millisecond are still to come.
    const EventTime reached = n > 0 ? now - Duration{1} : IngestionClock::silent_watermark(now);
    partition.watermark = std::max(partition.watermark, reached);
    rows_.flush();
    rejects_.flush();
    return {status, n, rejects_.take_count()};
  }

  EventTime watermark(std::uint32_t partition) const override { return partitions_.at(partition).watermark; }
  bool has_event_time() const override { return true; }

 private:
  struct Partition {
    std::string name;
    EventTime watermark;  ///< never goes back, also not behind the restored one
  };

  IngestionClock clock_;
  Rejects rejects_;
  Emitter<Row> rows_;
  std::map<std::uint32_t, Partition> partitions_;
};

}  // namespace weir
