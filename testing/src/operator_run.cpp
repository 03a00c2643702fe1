#include <weir/testing/operator_run.hpp>

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include <weir/core/text_check.hpp>
#include <weir/state/tier.hpp>

#include "row_text.hpp"
#include "simulated_environment.hpp"

namespace weir::testing {

namespace {

/// Counts what passes to a port, for the promise of advance_watermark().
class Counting final : public BatchConsumer {
 public:
  Counting(std::unique_ptr<BatchConsumer> to, std::size_t& rows) : to_(std::move(to)), rows_(rows) {}
  void consume(const Batch& batch) override {
    rows_ += batch.size();
    to_->consume(batch);
  }

 private:
  std::unique_ptr<BatchConsumer> to_;
  std::size_t& rows_;
};

class Snapshot final : public SnapshotWriter {
 public:
  void keyed(std::unique_ptr<SealedState> delta) override {
    if (sealed) throw std::logic_error("an operator hands over keyed state once a barrier");
    sealed = std::move(delta);
  }
  void operator_state(std::string bytes) override { state = std::move(bytes); }
  void ended_at(EventTime time) override { end = time; }

  std::unique_ptr<SealedState> sealed;
  std::string state;
  EventTime end = EventTime::min();
};

/// An edge to one worker that gathers batches until they are asked for.
class GatheringExchange final : public Exchange {
 public:
  GatheringExchange(BatchFactory make_batch, std::uint32_t max_parallelism)
      : make_batch_(make_batch), max_parallelism_(max_parallelism), open_(make_batch()) {}
  std::uint32_t targets() const override { return 1; }
  std::uint32_t max_parallelism() const override { return max_parallelism_; }
  Batch& open(std::uint32_t) override { return *open_; }
  Batch& ship(std::uint32_t) override {
    if (!open_->empty()) shipped_.push_back(std::exchange(open_, make_batch_()));
    return *open_;
  }
  std::vector<std::unique_ptr<Batch>> take() {
    ship(0);
    return std::exchange(shipped_, {});
  }

 private:
  const BatchFactory make_batch_;
  const std::uint32_t max_parallelism_;
  std::unique_ptr<Batch> open_;
  std::vector<std::unique_ptr<Batch>> shipped_;
};

/// Stands where a sink is: gives what comes.
class Passing final : public Operator {
 public:
  explicit Passing(OperatorContext context) : outputs_(std::move(context.outputs)) {}
  void process(std::uint32_t, const Batch& rows) override {
    for (const auto& port : outputs_)
      for (const auto& consumer : port) consumer->consume(rows);
  }
  bool advance_watermark(EventTime) override { return true; }

 private:
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs_;
};

/// As long as a run lasts.
class TextCheck {
 public:
  TextCheck() { check_text(true); }
  ~TextCheck() { check_text(before_); }
  TextCheck(const TextCheck&) = delete;
  TextCheck& operator=(const TextCheck&) = delete;

 private:
  const bool before_ = text_is_checked();
};

constexpr std::uint64_t kSeed = 1;
/// "About kEmitAtMost": a batch more is nothing to worry about.
constexpr std::size_t kEmitTooMuch = 2 * Operator::kEmitAtMost;
constexpr int kFruitlessCallsMost = 1000;
constexpr int kDueRunsMost = 100'000;

}  // namespace

struct OperatorRun::Core {
  Core(const OperatorUnderTest& t, const HarnessOptions& o, MetricRegistry& m, Outputs out)
      : tested(t),
        options(o),
        metrics(m),
        outputs(std::move(out)),
        environment(kSeed),
        backend(make_memory_backend()) {
    for (const OperatorUnderTest::Entrance& entrance : tested.entrances) {
      Way& way = ways.emplace_back();
      if (!entrance.bind) continue;
      way.edge = std::make_unique<GatheringExchange>(entrance.make_batch, options.max_parallelism);
      way.chain = entrance.bind(*way.edge);
    }
    begin(backend->create(0), {}, EventTime::min());
  }

  void begin(std::unique_ptr<StateTier> tier, std::vector<std::string> restored, EventTime restored_end) {
    const KeyGroupRange groups = key_groups_of(0, 1, options.max_parallelism);
    store = std::make_unique<StateStore>(std::move(tier), options.mode, groups, options.memory_bytes);
    OperatorContext context;
    context.name = tested.name;
    context.max_parallelism = options.max_parallelism;
    context.key_groups = groups;
    context.environment = &environment;
    context.metrics = &metrics;
    context.wake = [] {};
    context.state = store.get();
    context.restored = std::move(restored);
    context.restored_end = restored_end;
    for (auto& output : outputs()) {
      context.outputs.emplace_back();
      context.outputs.back().push_back(std::make_unique<Counting>(std::move(output), emitted));
    }
    driven = tested.make(std::move(context));
  }

  /// Calls `call` until it is done, holding it to its contract.
  void until_done(const std::string& with_what, const std::function<bool()>& call) {
    for (int fruitless = 0;;) {
      const std::size_t before = emitted;
      const bool done = call();
      const std::size_t rows = emitted - before;
      if (rows > kEmitTooMuch)
        throw std::logic_error(
            fmt::format("'{}' emitted {} rows in one call for {}; {} is about the most allowed", tested.name,
                        rows, with_what, Operator::kEmitAtMost));
      if (done) return;
      fruitless = rows == 0 ? fruitless + 1 : 0;
      if (fruitless > kFruitlessCallsMost)
        throw std::logic_error(
            fmt::format("'{}' emits nothing and is not done with {}", tested.name, with_what));
    }
  }

  /// What is due by the wall clock, and what waits on lanes.
  void run_due() {
    for (int runs = 0; runs < kDueRunsMost; ++runs) {
      while (environment.run_one()) {
      }
      const EventTime now = environment.wall_clock();
      if (driven->next_processing_time() > now) return;
      until_done(fmt::format("the processing time {}", now.millis),
                 [&] { return driven->advance_processing_time(now); });
    }
    throw std::logic_error(fmt::format("'{}' is never done with the processing time", tested.name));
  }

  void process(std::uint32_t input, const Batch& rows) {
    for (int waits = 0; !driven->accepts_rows(); ++waits) {
      if (waits == kFruitlessCallsMost)
        throw std::logic_error(fmt::format("'{}' takes no more rows", tested.name));
      run_due();
    }
    driven->process(input, rows);
    run_due();
  }

  struct Kept {
    std::string state;
    EventTime end;
  };
  /// A barrier; then the tier holds all that was sealed. What the operator handed over besides.
  Kept snapshot() {
    Snapshot snapshot;
    driven->snapshot(snapshot);
    if (snapshot.sealed) {
      while (!snapshot.sealed->proceed()) {
      }
      StateDelta delta;
      static_cast<const SealedEntries&>(*snapshot.sealed).write(delta);
      delta.sort();
      store->tier().apply(delta);
    }
    store->snapshot_taken();
    return {std::move(snapshot.state), snapshot.end};
  }

  const TextCheck text_check;
  const OperatorUnderTest& tested;
  const HarnessOptions options;
  MetricRegistry& metrics;
  const Outputs outputs;
  SimulatedEnvironment environment;
  std::unique_ptr<StateBackend> backend;
  struct Way {
    std::unique_ptr<GatheringExchange> edge;
    std::unique_ptr<BatchConsumer> chain;  ///< null: rows enter as they are
  };
  std::vector<Way> ways;
  std::size_t emitted = 0;
  std::unique_ptr<StateStore> store;
  std::unique_ptr<Operator> driven;
};

OperatorRun::OperatorRun(const OperatorUnderTest& tested, const HarnessOptions& options,
                         MetricRegistry& metrics, Outputs outputs)
    : core_(std::make_unique<Core>(tested, options, metrics, std::move(outputs))) {}

OperatorRun::~OperatorRun() = default;

void OperatorRun::feed(std::unique_ptr<Batch> rows, std::uint32_t input) {
  Core::Way* way = input < core_->ways.size() ? &core_->ways[input] : nullptr;
  if (!way || !way->chain) {
    core_->process(input, *rows);
    return;
  }
  way->chain->consume(*rows);
  rows.reset();  // what travels on must own its text, or share its arena
  for (const auto& batch : way->edge->take()) core_->process(input, *batch);
}

void OperatorRun::watermark(EventTime watermark) {
  core_->until_done(fmt::format("the watermark {}", watermark.millis),
                    [&] { return core_->driven->advance_watermark(watermark); });
  core_->run_due();
}

void OperatorRun::wall_clock(EventTime now) {
  core_->environment.advance(now - core_->environment.wall_clock());
  core_->run_due();
}

void OperatorRun::end() {
  watermark(EventTime::max());
  core_->until_done("the end of the input", [&] { return core_->driven->end_of_input(); });
  core_->run_due();
}

void OperatorRun::restart() {
  Core::Kept kept = core_->snapshot();
  const std::vector<SnapshotFile> files = core_->store->tier().snapshot();
  core_->driven.reset();
  core_->store.reset();
  std::vector<std::string> restored;
  if (!kept.state.empty()) restored.push_back(std::move(kept.state));
  core_->begin(core_->backend->open(0, files), std::move(restored), kept.end);
}

std::size_t OperatorRun::stored_entries() {
  core_->snapshot();
  std::size_t entries = 0;
  core_->store->tier().scan("", "", [&](std::string_view, std::string_view) { ++entries; });
  return entries;
}

namespace {

std::unique_ptr<Operator> make_passing(OperatorContext context) {
  return std::make_unique<Passing>(std::move(context));
}

}  // namespace

OperatorUnderTest operator_of(const JobGraph& graph, const std::string& name) {
  const Vertex* vertex = graph.find(name);
  const auto* op = vertex ? std::get_if<OperatorVertex>(&vertex->what) : nullptr;
  const bool sink = vertex && std::holds_alternative<SinkVertex>(vertex->what);
  if (!op && !sink) throw std::logic_error(fmt::format("the pipeline has no operator or sink '{}'", name));
  OperatorUnderTest tested{name, op ? op->make : make_passing, {}};
  for (const Edge& edge : graph.edges) {
    if (edge.to != vertex->id) continue;
    if (edge.input >= tested.entrances.size()) tested.entrances.resize(edge.input + 1);
    OperatorUnderTest::Entrance& entrance = tested.entrances[edge.input];
    if (!entrance.bind) entrance = {edge.from, edge.make_batch, edge.bind};
  }
  if (tested.entrances.empty()) throw std::logic_error(fmt::format("no edge leads to '{}'", name));
  return tested;
}

void check_rows_before(const JobGraph& graph, const OperatorUnderTest& tested, std::uint32_t input,
                       const RowSchema& schema) {
  if (input >= tested.entrances.size())
    throw std::logic_error(fmt::format("'{}' has no input {}", tested.name, input));
  const auto* source = std::get_if<SourceVertex>(&graph.vertices[tested.entrances[input].before].what);
  if (source && source->schema && source->schema != &schema)
    throw std::logic_error(fmt::format("the rows before '{}' are of type {}, not {}", tested.name,
                                       source->schema->name, schema.name));
}

std::string described_as_text(const RowSchema& schema, const void* row) { return row_text(schema, row); }

std::string difference(RunKind kind, std::size_t port, std::size_t row, std::size_t plain_rows,
                       std::size_t other_rows, const std::string& plain, const std::string& other) {
  return fmt::format("with {}, port {} gives {} rows instead of {}; row {} is {} instead of {}",
                     kind == RunKind::kRestarts ? "a restart after every record" : "a row a batch", port,
                     other_rows, plain_rows, row, other, plain);
}

}  // namespace weir::testing
