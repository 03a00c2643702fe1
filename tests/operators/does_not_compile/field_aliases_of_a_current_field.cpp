// expect: FieldAliases gives as a former name what another field is called now
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

template <>
struct weir::FieldAliases<Row> {
  static constexpr weir::FieldAlias kFields[] = {{"value", "key"}};
};

std::string type() { return weir::state_type<Row>(); }
