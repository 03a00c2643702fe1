#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/environment.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/core/metrics.hpp>
#include <weir/core/operator.hpp>
#include <weir/core/schema.hpp>
#include <weir/state/store.hpp>

namespace weir::testing {

/// What an OperatorHarness drives.
struct OperatorUnderTest {
  /// The way in to one of its inputs.
  struct Entrance {
    VertexId before = 0;  ///< the vertex whose rows enter
    BatchFactory make_batch = nullptr;
    std::function<std::unique_ptr<BatchConsumer>(Exchange&)>
        bind;  ///< the chain on the edge; null: rows enter as they are
  };
  std::string name;
  OperatorFactory make;
  std::vector<Entrance> entrances;  ///< by input
};

struct HarnessOptions {
  StateMode mode = StateMode::kHeap;
  std::size_t memory_bytes = std::size_t{64} << 20;
  std::uint32_t max_parallelism = kDefaultMaxParallelism;
};

/// Where the wall clock of a run begins: 2023-11-14T22:13:20Z, for no reason.
inline constexpr EventTime kWallClockBegins{1'700'000'000'000};

/// How a harness runs a script. kPlain: rows in batches as they come. kSmallSteps: a row a batch, and each call is held to its
/// contract. kRestarts: a snapshot and a restore after every record.
enum class RunKind { kPlain, kSmallSteps, kRestarts };

/// One run of a script: the operator, its state in a tier of ordered maps, its clock. One thread.
class OperatorRun {
 public:
  using Outputs = std::function<
      std::vector<std::unique_ptr<BatchConsumer>>()>;  ///< one consumer a port, made anew with the operator

  OperatorRun(const OperatorUnderTest& tested, const HarnessOptions& options, MetricRegistry& metrics,
              Outputs outputs);
  ~OperatorRun();

  void feed(std::unique_ptr<Batch> rows, std::uint32_t input = 0);
  /// Calls advance_watermark() until it is done. Throws std::logic_error when it emits too much at once or comes to no end.
  void watermark(EventTime watermark);
  /// Sets the wall clock, and runs what is due by it.
  void wall_clock(EventTime now);
  /// The last watermark, then end_of_input().
  void end();
  void restart();
  /// Entries in the tier after a snapshot.
  std::size_t stored_entries();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// The operator of vertex `name`, behind the first edge that leads to each of its inputs; of a sink what it is given. Throws std::logic_error
/// when there is none.
OperatorUnderTest operator_of(const JobGraph& graph, const std::string& name);
/// Throws std::logic_error when the vertex before `input` is a source of other rows, or there is no such input.
void check_rows_before(const JobGraph& graph, const OperatorUnderTest& tested, std::uint32_t input,
                       const RowSchema& schema);

/// A row as `{field:value,…}`.
std::string described_as_text(const RowSchema& schema, const void* row);

/// A described row by its fields; a number or a text as it is.
template <class Row>
std::string row_as_text(const Row& row) {
  if constexpr (Described<Row>) return described_as_text(row_schema<Row>(), &row);
  else if constexpr (std::is_arithmetic_v<Row>) return std::to_string(row);
  else if constexpr (std::is_same_v<Row, EventTime>) return std::to_string(row.millis);
  else return std::string(row);
}

/// For messages: where two runs of a script part.
std::string difference(RunKind kind, std::size_t port, std::size_t row, std::size_t plain_rows,
                       std::size_t other_rows, const std::string& plain, const std::string& other);

}  // namespace weir::testing
