// expect: weir: a struct that is a key needs operator==
#include <weir/operators/pipeline.hpp>

struct Key {
  std::string_view name;
  int number;
};
BOOST_DESCRIBE_STRUCT(Key, (), (name, number))

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by([](const Row& row) {
        return Key{row.key, row.value};
      })
      .window(weir::tumbling(weir::Duration{10}))
      .aggregate("counts", weir::count())
      .sink("out");
}
