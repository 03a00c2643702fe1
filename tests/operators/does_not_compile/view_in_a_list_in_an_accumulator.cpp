// expect: weir: an accumulator outlives its rows; let it own its text
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key))

struct AllKeys {
  using Accumulator = std::vector<std::string_view>;
  std::string_view lift(const Row& row) const { return row.key; }
  void add(Accumulator& all, std::string_view key) const { all.push_back(key); }
  void merge(Accumulator& all, const Accumulator& other) const {
    all.insert(all.end(), other.begin(), other.end());
  }
  std::int64_t result(const Accumulator& all) const { return static_cast<std::int64_t>(all.size()); }
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).window(weir::tumbling(weir::Duration{10})).aggregate("all", AllKeys{}).sink("out");
}
