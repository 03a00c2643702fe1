// expect: weir: an accumulator outlives its rows; let it own its text
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key))

struct LastKey {
  using Accumulator = std::string_view;
  std::string_view lift(const Row& row) const { return row.key; }
  void add(Accumulator& last, std::string_view key) const { last = key; }
  void merge(Accumulator& last, const Accumulator& other) const { last = other; }
  std::string_view result(const Accumulator& last) const { return last; }
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).window(weir::tumbling(weir::Duration{10})).aggregate("last", LastKey{}).sink("out");
}
