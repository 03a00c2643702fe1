#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <weir/core/failed_at.hpp>
#include <weir/core/source.hpp>
#include <weir/operators/ahead_of_clock.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/watermark.hpp>

namespace weir {

/// Treats what a reader could not decode by the source's policy. Port 1: dead letters.
class Rejects {
 public:
  Rejects(SourceContext& context);
  void begin(std::string_view partition) { partition_ = partition; }
  /// Throws FailJob under the policy `fail`.
  void reject(const Rejected& rejected);
  std::size_t take_count() { return std::exchange(count_, 0); }
  void flush() { letters_.flush(); }

 private:
  void post(const Rejected& rejected);

  const std::string source_;
  const RejectPolicy policy_;
  Counter* counter_;
  Emitter<DeadLetter> letters_;
  std::string_view partition_;
  std::size_t count_ = 0;
};

/// Where a reader puts rows and what it could not decode.
class BatchAndRejects final : public RowSink {
 public:
  BatchAndRejects(Batch& batch, Rejects& rejects) : batch_(batch), rejects_(rejects) {}
  Batch& batch() override { return batch_; }
  void reject(const Rejected& rejected) override { rejects_.reject(rejected); }

 private:
  Batch& batch_;
  Rejects& rejects_;
};

/// Rows have no event time: no watermark before the end.
struct NoEventTime {
  template <class Row>
  EventTime operator()(const Row&, EventTime given) const {
    return given;
  }
};

/// The typed end of a source: see SourceOperator. `TimeOf` gives a row's event time.
template <class Row, class TimeOf, WatermarkStrategy<Row> Strategy>
class TypedSource final : public SourceOperator {
 public:
  TypedSource(SourceContext context, TimeOf time_of, Strategy strategy)
      : rejects_(context),
        rows_(context.base, 0),
        time_of_(std::move(time_of)),
        fresh_(std::move(strategy)),
        environment_(context.base.environment) {
    if constexpr (kBoundByClock) ahead_.emplace(context);
  }

  void add_partition(std::uint32_t partition, std::string_view name, EventTime watermark) override {
    partitions_.emplace(partition, Partition{std::string(name), fresh_, watermark});
  }

  Read read(std::uint32_t index, PartitionReader& reader, std::size_t limit) override {
    Partition& partition = partitions_.at(index);
    rejects_.begin(partition.name);
    RowBatch<Row>& batch = rows_.batch();
    BatchAndRejects into(batch, rejects_);
    const ReadStatus status = reader.read(into, std::min(limit, batch.room()));
    const std::size_t n = batch.size();
    if constexpr (!std::is_same_v<TimeOf, NoEventTime>) {
      EventTime* time = batch.times().data();
      if constexpr (KnowsClock<Strategy>)
        if (n > 0) partition.strategy.read_at(environment_->wall_clock());
      for_each_row(0, n, [&](std::size_t i) {
        time[i] = time_of_(batch[i]);
        if constexpr (ObservesRows<Strategy, Row>)
          partition.strategy.observe(std::as_const(batch[i]), time[i]);
        else partition.strategy.observe(time[i]);
      });
      // The end of time is for partitions that have ended, not for a strategy to say.
      const EventTime reached = std::min(partition.strategy.watermark(), kEndOfInput - Duration{1});
      partition.watermark = std::max(partition.watermark, reached);
      if constexpr (kBoundByClock) note_ahead(partition);
    }
    rows_.flush();
    rejects_.flush();
    return {status, n, rejects_.take_count()};
  }

  EventTime watermark(std::uint32_t partition) const override { return partitions_.at(partition).watermark; }
  bool has_event_time() const override { return !std::is_same_v<TimeOf, NoEventTime>; }

 private:
  static constexpr bool kBoundByClock = requires(Strategy strategy) { strategy.take_ahead(); };

  struct Partition {
    std::string name;
    Strategy strategy;
    EventTime watermark;  ///< never goes back, also not behind the restored one
    bool was_ahead = false;
  };

  void note_ahead(Partition& partition) {
    const std::size_t rows = partition.strategy.take_ahead();
    if (rows == 0) return;
    ahead_->count(rows, partition.name, !std::exchange(partition.was_ahead, true),
                  partition.strategy.furthest(), partition.strategy.bound());
  }

  Rejects rejects_;
  Emitter<Row> rows_;
  TimeOf time_of_;
  const Strategy fresh_;
  Environment* const environment_;
  std::optional<RowsAheadOfClock> ahead_;  ///< where the strategy has a bound
  std::map<std::uint32_t, Partition> partitions_;
};

}  // namespace weir
