#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <weir/operators/count_keys.hpp>
#include <weir/operators/generator.hpp>
#include <weir/operators/ingestion_time.hpp>
#include <weir/operators/process.hpp>
#include <weir/operators/session_keys.hpp>
#include <weir/operators/source_operator.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/triggered_keys.hpp>
#include <weir/operators/windowed_keys.hpp>

namespace weir {

/// A stream as it comes from a source, before its first stage.
template <class Row>
class SourceStream : public Stream<Row> {
 public:
  SourceStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Row>(builder, vertex, 0, {}, {}) {}

  /// Gives rows their event time, from a member of type EventTime or a function of the row, and says how watermarks follow from it:
  /// monotonous(), bounded_out_of_orderness(), punctuated(), or a WatermarkStrategy of one's own; each with
  /// ahead_of_clock_at_most() where rows may come whose time is nonsense.
  /// Watermarks are kept for each partition, merged by minimum over all partitions of the source, and sent at most once a linger. After a
  /// restart each partition goes on with the watermark of the checkpoint.
  template <class TimeOf, class Strategy>
  SourceStream event_time(TimeOf time_of, Strategy strategy) {
    static_assert(std::is_invocable_r_v<EventTime, const TimeOf&, const Row&>,
                  "weir: event_time() takes a member of type weir::EventTime, or a function of (const Row&) "
                  "that returns one");
    static_assert(WatermarkStrategy<Strategy, Row>,
                  "weir: a watermark strategy has observe(weir::EventTime), or observe(const Row&, "
                  "weir::EventTime), and watermark() const that returns a weir::EventTime");
    if constexpr (std::is_invocable_r_v<EventTime, const TimeOf&, const Row&> &&
                  WatermarkStrategy<Strategy, Row>) {
      const auto get = [time_of](const Row& row) { return std::invoke(time_of, row); };
      vertex().has_event_time = true;
      vertex().make = [get, strategy](SourceContext context) -> std::unique_ptr<SourceOperator> {
        return std::make_unique<TypedSource<Row, decltype(get), Strategy>>(std::move(context), get, strategy);
      };
    }
    return *this;
  }

  /// Takes as event time the wall clock at the moment at which a row is read, one reading a batch. The watermark follows at once,
  /// and goes on with the clock, in steps of 50 ms, where nothing comes, so that windows close by themselves; such a source is never idle.
  /// No row is ever late. Neither times nor watermark go back when the wall clock jumps back: they stand still until it has caught up.
  /// After a restart they are not behind the checkpoint's; rows that are replayed get the times of their replay, so a result depends on when
  /// it is computed. What must be repeatable needs event_time().
  SourceStream ingestion_time() {
    vertex().has_event_time = true;
    vertex().make = [](SourceContext context) -> std::unique_ptr<SourceOperator> {
      return std::make_unique<IngestionTimeSource<Row>>(std::move(context));
    };
    return *this;
  }

  /// Pauses partitions whose watermark is further ahead of the slowest than this, so that reading history keeps little state.
  /// Nobody waits for a partition that has ended, or has nothing more to read. Sources that give the same `group` are aligned with
  /// each other as well, each within its own `max_drift`: for streams that are joined. A partition may run ahead by one batch more.
  SourceStream align(Duration max_drift, std::string group = {}) {
    vertex().max_drift = max_drift;
    vertex().drift_group = std::move(group);
    return *this;
  }
  /// Leaves a partition out of the watermark when its position has equalled its end for this long; never because reading is slow, or
  /// paused. Its next row brings it back; rows that are older than the watermark by then are late. When all partitions are idle,
  /// the source is, and holds back none that it is joined with.
  SourceStream idle_after(Duration duration) {
    vertex().idle_after = duration;
    return *this;
  }
  /// Rows for `generator:` addresses: `make(n, seed)` or `make(n, seed, arena)` gives row n.
  template <class Make>
  SourceStream generated_by(Make make) {
    static_assert(std::is_invocable_r_v<Row, const Make&, std::uint64_t, std::uint64_t> ||
                      std::is_invocable_r_v<Row, const Make&, std::uint64_t, std::uint64_t, Arena&>,
                  "weir: generated_by() takes a function of (uint64_t n, uint64_t seed), and weir::Arena& "
                  "where rows hold text");
    vertex().generator = [make](const GeneratorOptions& options) -> std::unique_ptr<Source> {
      return std::make_unique<GeneratorSource<Row, Make>>(make, options);
    };
    return *this;
  }

 private:
  SourceVertex& vertex() {
    return std::get<SourceVertex>(this->builder_->graph().vertices[this->vertex_].what);
  }
};

/// Where a program says what its job is.
class Pipeline {
 public:
  explicit Pipeline(std::string name) : builder_(std::move(name)) {}

  /// Rows from what `name` is bound to, by configuration or, failing that, by `default_address`.
  template <class Row>
  SourceStream<Row> source(const std::string& name, const std::string& default_address = {}) {
    static_assert(Described<Row>,
                  "weir: rows of a source are structs whose fields are described: write "
                  "BOOST_DESCRIBE_STRUCT(Row, (), (field, other_field)) behind the struct");
    SourceVertex vertex;
    if constexpr (Described<Row>) vertex.schema = &row_schema<Row>();
    vertex.default_uri = default_address;
    vertex.make = [](SourceContext context) -> std::unique_ptr<SourceOperator> {
      return std::make_unique<TypedSource<Row, NoEventTime, BoundedOutOfOrderness>>(
          std::move(context), NoEventTime{}, monotonous());
    };
    return SourceStream<Row>(builder_, builder_.add(name, "source", std::move(vertex)));
  }

  /// What has been said, as a graph. The pipeline may go afterwards.
  JobGraph graph() { return builder_.graph(); }

 private:
  detail::GraphBuilder builder_;
};

}  // namespace weir
