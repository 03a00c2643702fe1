#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Other {
  int number;
};
BOOST_DESCRIBE_STRUCT(Other, (), (number))

class Passing : public Operator {
 public:
  explicit Passing(OperatorContext context) : out_(context, 0) {}
  void process(std::uint32_t, const Batch& batch) override {
    for (const int row : static_cast<const RowBatch<int>&>(batch).rows()) take(row);
    out_.flush();
  }
  bool advance_watermark(EventTime) override { return true; }

 protected:
  virtual void take(int row) { out_.emit(row, EventTime{row}); }
  Emitter<int> out_;
};

/// Forgets its sum at a restart.
class Forgetful final : public Passing {
 public:
  using Passing::Passing;

 private:
  void take(int row) override { out_.emit(sum_ += row, EventTime{0}); }
  int sum_ = 0;
};

/// Keeps it.
class Remembering final : public Passing {
 public:
  explicit Remembering(OperatorContext context) : Passing(std::move(context)) {}
  Remembering(OperatorContext context, int restored) : Passing(std::move(context)), sum_(restored) {}
  void snapshot(SnapshotWriter& writer) override { writer.operator_state(std::to_string(sum_)); }

 private:
  void take(int row) override { out_.emit(sum_ += row, EventTime{0}); }
  int sum_ = 0;
};

/// Treats the rows of a batch as one.
class BatchMinded final : public Operator {
 public:
  explicit BatchMinded(OperatorContext context) : out_(context, 0) {}
  void process(std::uint32_t, const Batch& batch) override {
    out_.emit(static_cast<int>(batch.size()), EventTime{0});
    out_.flush();
  }
  bool advance_watermark(EventTime) override { return true; }

 private:
  Emitter<int> out_;
};

/// Emits all at once, or never ends.
class Greedy final : public Operator {
 public:
  Greedy(OperatorContext context, int rows) : out_(context, 0), rows_(rows) {}
  void process(std::uint32_t, const Batch&) override {}
  bool advance_watermark(EventTime) override {
    for (int n = 0; n < rows_; ++n) out_.emit(n, EventTime{0});
    out_.flush();
    return rows_ > 0;
  }

 private:
  Emitter<int> out_;
  const int rows_;
};

template <class Op, class... Arguments>
auto harness_of(Arguments... arguments) {
  return testing::harness_for<int, int>([=](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), arguments...);
  });
}

}  // namespace

TEST_CASE("OperatorHarness gives rows as they came only where the operator promises their order") {
  auto sorted = harness_of<Passing>();
  sorted.record(2, at(0s)).record(1, at(0s));
  CHECK(sorted.output() == std::vector<testing::Timed<int>>{{1, EventTime{1}}, {2, EventTime{2}}});
  auto ordered = harness_of<Passing>();
  ordered.record(2, at(0s)).record(1, at(0s)).in_order();
  CHECK(ordered.output() == std::vector<testing::Timed<int>>{{2, EventTime{2}}, {1, EventTime{1}}});
}

TEST_CASE("OperatorHarness finds an operator that forgets its state at a restart") {
  auto harness = harness_of<Forgetful>();
  harness.record(1, at(0s)).record(2, at(0s));
  CHECK_THROWS_WITH(harness.output(), Catch::Contains("a restart after every record"));
}

TEST_CASE("OperatorHarness gives a fresh operator the state that the one before handed over") {
  auto harness = testing::harness_for<int, int>([](OperatorContext context) -> std::unique_ptr<Operator> {
    if (context.restored.empty()) return std::make_unique<Remembering>(std::move(context));
    const int restored = std::stoi(context.restored.at(0));
    return std::make_unique<Remembering>(std::move(context), restored);
  });
  harness.record(1, at(0s)).record(2, at(0s)).restart().record(3, at(0s));
  CHECK(harness.output() == std::vector<testing::Timed<int>>{{1, {}}, {3, {}}, {6, {}}});
}

TEST_CASE("OperatorHarness finds an operator that depends on how rows are batched") {
  auto harness = harness_of<BatchMinded>();
  harness.record(1, at(0s)).record(2, at(0s));
  CHECK_THROWS_WITH(harness.output(), Catch::Contains("a row a batch"));
}

TEST_CASE("OperatorHarness finds an operator that emits too much at a watermark, or never ends") {
  CHECK_THROWS_WITH(harness_of<Greedy>(100'000).end().output(), Catch::Contains("100000 rows in one call"));
  CHECK_THROWS_WITH(harness_of<Greedy>(0).end().output(), Catch::Contains("is not done with the watermark"));
}

TEST_CASE("OperatorHarness refuses vertices that are no operators and rows of another type") {
  const JobGraph graph = windowed(tumbling(10s), count());
  using Out = WindowResult<std::string_view, std::int64_t>;
  CHECK_THROWS_WITH((testing::harness_for<Reading, Out>(graph, "windw")),
                    Catch::Contains("no operator or sink 'windw'"));
  CHECK_THROWS_WITH((testing::harness_for<Reading, Out>(graph, "readings")),
                    Catch::Contains("no operator or sink 'readings'"));
  CHECK_THROWS_WITH((testing::harness_for<Other, Out>(graph, "window")), Catch::Contains("not "));
}

}  // namespace weir
