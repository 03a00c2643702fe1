// expect: FieldAliases names a field that the struct does not have
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

template <>
struct weir::FieldAliases<Row> {
  static constexpr weir::FieldAlias kFields[] = {{"count", "n"}};
};

std::string type() { return weir::state_type<Row>(); }
