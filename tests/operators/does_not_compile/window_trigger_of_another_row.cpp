// expect: weir: a trigger has State, on_row(const Row&, EventTime, const Window&, context)
#include <weir/operators/pipeline.hpp>

struct Row {
  std::string_view key;
  int value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

struct Other {};

struct OnOther : weir::RowTrigger {
  template <class Context>
  weir::TriggerResult on_row(const Other&, weir::EventTime, const weir::Window&, Context&) const {
    return weir::TriggerResult::kFire;
  }
};

void say(weir::Pipeline& pipeline) {
  auto rows = pipeline.source<Row>("rows");
  rows.key_by(&Row::key).window(weir::global()).trigger(OnOther{}).aggregate("counts", weir::count());
}
