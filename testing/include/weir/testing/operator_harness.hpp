#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/core/operator.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/store.hpp>
#include <weir/testing/operator_run.hpp>

namespace weir::testing {

/// Row types of the inputs of an operator that has several.
template <class... Rows>
struct Inputs {};

/// A row with its event time, as it leaves or enters an operator. Rows are compared by what they say of themselves: their fields.
template <class Row>
struct Timed {
  Row row;
  EventTime time;

  std::string text() const { return row_as_text(row) + " at " + std::to_string(time.millis); }
  friend bool operator==(const Timed& a, const Timed& b) { return a.text() == b.text(); }
  friend std::ostream& operator<<(std::ostream& out, const Timed& timed) { return out << timed.text(); }
};

/// A moment in event time, for tests: `at(9s)`.
constexpr EventTime at(Duration since_epoch) { return EventTime{since_epoch.count()}; }

/// Drives one operator on one worker, without threads, by a script of rows and watermarks:
///
///     auto harness = testing::harness_for<Flight, Hour>(pipeline.graph(), "hourly");
///     harness.record({"JFK", 12}, at(1s)).record({"JFK", 3}, at(9s)).watermark(at(1h));
///     CHECK(harness.output() == ...);
///
/// Every script is run three ways, and all must give the same: plainly; with batches of one row that are gone after each call,
/// counting what each call of advance_watermark() emits; and with a snapshot and a restore into a fresh operator after every
/// record (in long scripts, after about kRestartsMost of them). A difference, and an operator that breaks its contract, throws
/// std::logic_error that says what differs.
///
/// A row that leaves a chain with text that nothing keeps alive, made in a map() without its arena, fails the run and says in which field.
///
/// The name of a sink gives the rows that reach it: harness_for<Flight, Report>(graph, "reports").
///
/// An operator with several inputs: harness_for<Inputs<Bid, Auction>, Out>(…), then record<1>(auction, at(3s)) for its input 1.
/// The wall clock stands still but for wall_clock(); what is due runs at once.
///
/// `In` is the row type in front of the operator: with a JobGraph, the type of the rows that the vertex before it emits, so that
/// filters, key_by and lifting on the edge are run as well. `Outs` are the row types of the operator's ports, port 0 first; a
/// port that is not named here is not connected. One thread.
template <class In, class... Outs>
class OperatorHarness : public OperatorHarness<Inputs<In>, Outs...> {
 public:
  using OperatorHarness<Inputs<In>, Outs...>::OperatorHarness;
};

template <class... Ins, class... Outs>
class OperatorHarness<Inputs<Ins...>, Outs...> {
 public:
  template <std::size_t kInput>
  using InputRow = std::variant_alternative_t<kInput, std::variant<Ins...>>;

  explicit OperatorHarness(OperatorUnderTest tested) : tested_(std::move(tested)) {}

  /// The row's text is copied.
  template <std::size_t kInput = 0>
  OperatorHarness& record(InputRow<kInput> row, EventTime time) {
    own_text(row, *text_);
    return say({Step::Kind::kRecord, time, Row(std::in_place_index<kInput>, std::move(row))});
  }
  /// The watermark over all inputs.
  OperatorHarness& watermark(EventTime watermark) { return say({Step::Kind::kWatermark, watermark, {}}); }
  /// Processing time passes, by this much since the beginning of the script.
  OperatorHarness& wall_clock(Duration since_begin) {
    return say({Step::Kind::kWallClock, kWallClockBegins + since_begin, {}});
  }
  /// The end of all inputs.
  OperatorHarness& end() { return say({Step::Kind::kEnd, EventTime::max(), {}}); }
  /// A snapshot, and a restore into a fresh operator, at this place of every run.
  OperatorHarness& restart() { return say({Step::Kind::kRestart, {}, {}}); }

  /// The operator promises the order of its rows: output() gives, and compares, them as they came. Otherwise rows are sorted by
  /// time, then by their text.
  OperatorHarness& in_order() {
    ordered_ = true;
    return *this;
  }
  /// Lets state leave memory above this many bytes (StateMode::kRocksDb, on a tier of ordered maps).
  OperatorHarness& memory(std::size_t bytes) {
    options_.mode = StateMode::kRocksDb;
    options_.memory_bytes = bytes;
    outcomes_.clear();
    return *this;
  }
  OperatorHarness& max_parallelism(std::uint32_t groups) {
    options_.max_parallelism = groups;
    outcomes_.clear();
    return *this;
  }

  /// What has left the port over the whole script.
  template <std::size_t kPort = 0>
  const auto& output() {
    return std::get<kPort>(outcome().rows);
  }
  /// The sum of a metric over all its labels, at the end of the plain run.
  double metric(std::string_view name) { return outcome().metric(name); }
  /// How many entries the tier holds after a last snapshot of the plain run.
  std::size_t stored_entries() { return outcome().stored_entries; }

  static constexpr std::size_t kRestartsMost = 300;

 private:
  using Row = std::variant<Ins...>;
  struct Step {
    enum class Kind { kRecord, kWatermark, kWallClock, kEnd, kRestart } kind;
    EventTime time;
    std::optional<Row> row;  ///< of kRecord; its index is the input
  };
  using Rows = std::tuple<std::vector<Timed<Outs>>...>;

  struct Outcome {
    Rows rows;
    std::vector<MetricSample> metrics;
    std::size_t stored_entries = 0;

    double metric(std::string_view name) const {
      double sum = 0;
      for (const MetricSample& sample : metrics)
        if (sample.name == name) sum += sample.value;
      return sum;
    }
  };

  /// Copies what comes, text included, since the batch and what it points to may go at once.
  template <class Row>
  class Collector final : public BatchConsumer {
   public:
    Collector(std::vector<Timed<Row>>& rows, Arena& text) : rows_(rows), text_(text) {}
    void consume(const Batch& batch) override {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        Row row = static_cast<const RowBatch<Row>&>(batch)[i];
        own_text(row, text_);
        rows_.push_back({std::move(row), batch.time(i)});
      }
    }

   private:
    std::vector<Timed<Row>>& rows_;
    Arena& text_;
  };

  OperatorHarness& say(Step step) {
    script_.push_back(std::move(step));
    outcomes_.clear();
    return *this;
  }

  const Outcome& outcome() {
    if (!outcomes_.empty()) return outcomes_.front();
    std::vector<Outcome> outcomes;
    for (const RunKind kind : {RunKind::kPlain, RunKind::kSmallSteps, RunKind::kRestarts}) {
      outcomes.push_back(run(kind));
      compare(outcomes.front(), outcomes.back(), kind, std::index_sequence_for<Outs...>());
    }
    outcomes_ = std::move(outcomes);
    return outcomes_.front();
  }

  Outcome run(RunKind kind) {
    Outcome outcome;
    MetricRegistry metrics;
    OperatorRun run(tested_, options_, metrics,
                    [&] { return collectors(outcome.rows, std::index_sequence_for<Outs...>()); });
    const std::size_t records = static_cast<std::size_t>(std::count_if(
        script_.begin(), script_.end(), [](const Step& step) { return step.kind == Step::Kind::kRecord; }));
    const std::size_t restart_every = records / kRestartsMost + 1;
    std::unique_ptr<Batch> gathered;
    std::size_t input = 0;
    const auto feed = [&] {
      if (gathered) run.feed(std::move(gathered), static_cast<std::uint32_t>(input));
    };
    std::size_t seen = 0;
    for (const Step& step : script_) {
      if (step.kind != Step::Kind::kRecord || step.row->index() != input) feed();
      switch (step.kind) {
        case Step::Kind::kRecord:
          input = step.row->index();
          append(gathered, *step.row, step.time, std::index_sequence_for<Ins...>());
          if (kind != RunKind::kPlain || gathered->full()) feed();
          if (kind == RunKind::kRestarts && ++seen % restart_every == 0) run.restart();
          break;
        case Step::Kind::kWatermark:
          run.watermark(step.time);
          break;
        case Step::Kind::kWallClock:
          run.wall_clock(step.time);
          break;
        case Step::Kind::kEnd:
          run.end();
          break;
        case Step::Kind::kRestart:
          run.restart();
          break;
      }
    }
    feed();
    if (kind == RunKind::kPlain) outcome.stored_entries = run.stored_entries();
    outcome.metrics = metrics.collect();
    if (!ordered_) std::apply([](auto&... rows) { (sort(rows), ...); }, outcome.rows);
    return outcome;
  }

  template <std::size_t... kInputs>
  static void append(std::unique_ptr<Batch>& batch, const Row& row, EventTime time,
                     std::index_sequence<kInputs...>) {
    (append_of<kInputs>(batch, row, time), ...);
  }
  template <std::size_t kInput>
  static void append_of(std::unique_ptr<Batch>& batch, const Row& row, EventTime time) {
    if (row.index() != kInput) return;
    using In = InputRow<kInput>;
    if (!batch) batch = std::make_unique<RowBatch<In>>();
    In copy = std::get<kInput>(row);
    if constexpr (kHoldsViews<In>) own_text(copy, batch->arena());
    static_cast<RowBatch<In>&>(*batch).append(std::move(copy), time);
  }

  template <std::size_t... kPorts>
  std::vector<std::unique_ptr<BatchConsumer>> collectors(Rows& rows, std::index_sequence<kPorts...>) {
    std::vector<std::unique_ptr<BatchConsumer>> made;
    (made.push_back(std::make_unique<Collector<Outs>>(std::get<kPorts>(rows), *text_)), ...);
    return made;
  }

  template <class Row>
  static void sort(std::vector<Timed<Row>>& rows) {
    std::vector<std::pair<std::string, std::size_t>> keys;
    for (std::size_t i = 0; i < rows.size(); ++i) keys.emplace_back(row_as_text(rows[i].row), i);
    std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
      return std::tie(rows[a.second].time, a.first, a.second) <
             std::tie(rows[b.second].time, b.first, b.second);
    });
    std::vector<Timed<Row>> sorted;
    sorted.reserve(rows.size());
    for (const auto& [text, i] : keys) sorted.push_back(std::move(rows[i]));
    rows = std::move(sorted);
  }

  template <std::size_t... kPorts>
  static void compare(const Outcome& plain, const Outcome& other, RunKind kind,
                      std::index_sequence<kPorts...>) {
    (compare_port(std::get<kPorts>(plain.rows), std::get<kPorts>(other.rows), kind, kPorts), ...);
  }
  template <class Row>
  static void compare_port(const std::vector<Timed<Row>>& plain, const std::vector<Timed<Row>>& other,
                           RunKind kind, std::size_t port) {
    const auto [a, b] = std::mismatch(plain.begin(), plain.end(), other.begin(), other.end());
    if (a == plain.end() && b == other.end()) return;
    throw std::logic_error(difference(kind, port, static_cast<std::size_t>(a - plain.begin()), plain.size(),
                                      other.size(), a == plain.end() ? "nothing" : a->text(),
                                      b == other.end() ? "nothing" : b->text()));
  }

  OperatorUnderTest tested_;
  HarnessOptions options_;
  bool ordered_ = false;
  ArenaRef text_ = ArenaRef::make();  ///< of the script and of collected rows
  std::vector<Step> script_;
  std::vector<Outcome> outcomes_;  ///< empty: the script has changed since it was run
};

namespace detail {

template <class In>
void check_input(const JobGraph& graph, const OperatorUnderTest& tested, std::uint32_t input) {
  if constexpr (Described<In>) check_rows_before(graph, tested, input, row_schema<In>());
}
template <class In>
void check_inputs(const JobGraph& graph, const OperatorUnderTest& tested, std::type_identity<In>) {
  check_input<In>(graph, tested, 0);
}
template <class... Ins>
void check_inputs(const JobGraph& graph, const OperatorUnderTest& tested,
                  std::type_identity<Inputs<Ins...>>) {
  std::uint32_t input = 0;
  (check_input<Ins>(graph, tested, input++), ...);
}

}  // namespace detail

/// A harness for vertex `name` of a pipeline; rows enter through the edge that leads to it. Throws std::logic_error where
/// graph and row types do not fit.
template <class In, class... Outs>
OperatorHarness<In, Outs...> harness_for(const JobGraph& graph, const std::string& name) {
  OperatorUnderTest tested = operator_of(graph, name);
  detail::check_inputs(graph, tested, std::type_identity<In>{});
  return OperatorHarness<In, Outs...>(std::move(tested));
}

/// A harness for an operator that takes rows of `In` as they are.
template <class In, class... Outs>
OperatorHarness<In, Outs...> harness_for(OperatorFactory make, const std::string& name = "operator") {
  OperatorUnderTest tested;
  tested.name = name;
  tested.make = std::move(make);
  return OperatorHarness<In, Outs...>(std::move(tested));
}

}  // namespace weir::testing
