// expect: weir: an aggregate over a table has retract
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  struct Last {
    using Accumulator = int;
    int lift(const Row& row) const { return row.value; }
    void add(int& last, int value) const { last = value; }
    void merge(int& last, int other) const { last = other; }
    int result(int last) const { return last; }
  };
  rows.key_by(&Row::key).to_table("table").group_by(&Row::value).aggregate("last", Last{}).sink("out");
}
