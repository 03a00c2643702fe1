// expect: weir: a watermark strategy has observe(weir::EventTime), or observe(const Row&, weir::EventTime), and watermark() const
#include <weir/operators/pipeline.hpp>

struct Row {
  weir::EventTime time;
};
BOOST_DESCRIBE_STRUCT(Row, (), (time))

struct Undecided {
  void observe(weir::EventTime) {}
};

void say(weir::Pipeline& pipeline) { pipeline.source<Row>("rows").event_time(&Row::time, Undecided{}); }
