// expect: weir: a pattern's condition is a predicate of (const Row&)
#include <weir/operators/pattern.hpp>
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {
  int value;
};

void say() {
  weir::pattern<Row>("a").where([](const Other& other) { return other.value > 0; });
}
