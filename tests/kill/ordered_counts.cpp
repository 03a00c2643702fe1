// The pipeline that tests/kill kills: each row of `input` is copied to `copies`, so that one that is lost, doubled or out of
// order shows by itself, and counted in windows, so that state that is not restored exactly shows as well.

#include <algorithm>
#include <limits>

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Row {
  std::int32_t key;
  std::int64_t seq;  // 0, 1, 2, … within the key
  weir::EventTime time;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, seq, time))

struct WindowOfRows {
  std::int32_t key;
  weir::EventTime start;
  std::int64_t count;
  std::int64_t sum;
  std::int64_t first;
  std::int64_t last;
};
BOOST_DESCRIBE_STRUCT(WindowOfRows, (), (key, start, count, sum, first, last))

struct Totals {
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = -1;
};
BOOST_DESCRIBE_STRUCT(Totals, (), (count, sum, first, last))

struct CountsOfSeq {
  using Accumulator = Totals;

  std::int64_t lift(const Row& row) const { return row.seq; }
  void add(Totals& totals, std::int64_t seq) const { merge(totals, {1, seq, seq, seq}); }
  void merge(Totals& totals, const Totals& other) const {
    totals.count += other.count;
    totals.sum += other.sum;
    totals.first = std::min(totals.first, other.first);
    totals.last = std::max(totals.last, other.last);
  }
  WindowOfRows result(std::int32_t key, const weir::Window& window, const Totals& totals) const {
    return {key, window.start, totals.count, totals.sum, totals.first, totals.last};
  }
};

}  // namespace

int main(int argc, char** argv) {
  return weir::main(argc, argv, "ordered-counts", [](weir::Pipeline& pipeline) {
    auto rows = pipeline.source<Row>("input", "kafka:input?format=json")
                    .event_time(&Row::time, weir::bounded_out_of_orderness(250ms));
    rows.map([](const Row& row) { return row; }).sink("copies", "kafka:copies?key=key");
    rows.key_by(&Row::key)
        .window(weir::tumbling(2s))
        .aggregate("totals", CountsOfSeq{})
        .sink("windows", "kafka:windows?key=key");
  });
}
