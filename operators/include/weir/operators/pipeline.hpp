#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <weir/operators/generator.hpp>
#include <weir/operators/source_operator.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

/// A stream as it comes from a source, before its first stage.
template <class Row>
class SourceStream : public Stream<Row> {
 public:
  SourceStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Row>(builder, vertex, 0, {}, {}) {}

  /// Gives rows their event time, from a member of type EventTime or a function of the row, and says how watermarks follow from it.
  /// Watermarks are kept for each partition and merged by minimum.
  template <class TimeOf, WatermarkStrategy Strategy>
  SourceStream event_time(TimeOf time_of, Strategy strategy) {
    static_assert(std::is_invocable_r_v<EventTime, const TimeOf&, const Row&>,
                  "weir: event_time() takes a member of type weir::EventTime, or a function of (const Row&) "
                  "that returns one");
    const auto get = [time_of](const Row& row) { return std::invoke(time_of, row); };
    vertex().make = [get, strategy](SourceContext context) -> std::unique_ptr<SourceOperator> {
      return std::make_unique<TypedSource<Row, decltype(get), Strategy>>(std::move(context), get, strategy);
    };
    return *this;
  }

  /// Pauses partitions whose watermark is further ahead of the slowest than this, so that reading history keeps little state.
  SourceStream align(Duration max_drift) {
    vertex().max_drift = max_drift;
    return *this;
  }
  /// Leaves a partition out of the watermark when its position has equalled its end for this long; never because reading is slow.
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
