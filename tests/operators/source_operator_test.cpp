#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Event {
  std::string_view name;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Event, (), (name, time))

/// Reads what a test has written down; an empty name cannot be decoded.
class ScriptedReader final : public PartitionReader {
 public:
  explicit ScriptedReader(std::vector<Event> events) : events_(std::move(events)) {}
  ReadStatus read(RowSink& rows, std::size_t limit) override {
    std::size_t n = 0;
    for (; n < limit && next_ < events_.size(); ++n, ++next_) {
      auto& batch = static_cast<RowBatch<Event>&>(rows.batch());
      if (events_[next_].name.empty())
        rows.reject({static_cast<std::int64_t>(100 + next_), "field 'name' is missing", "{\"time\":7}"});
      else
        batch.append(Event{batch.arena().copy(events_[next_].name), events_[next_].time}, EventTime::min());
    }
    return n > 0 ? ReadStatus::kRows : ReadStatus::kEnd;
  }
  Position position() const override { return {static_cast<std::int64_t>(next_), {}}; }

 private:
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

template <class Row>
class Kept final : public BatchConsumer {
 public:
  explicit Kept(std::vector<testing::Timed<Row>>& rows, Arena& text) : rows_(rows), text_(text) {}
  void consume(const Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Row row = static_cast<const RowBatch<Row>&>(batch)[i];
      own_text(row, text_);
      rows_.push_back({row, batch.time(i)});
    }
  }

 private:
  std::vector<testing::Timed<Row>>& rows_;
  Arena& text_;
};

struct Rig {
  explicit Rig(RejectPolicy policy = RejectPolicy::kFail, Duration bound = Duration{100}) {
    Pipeline pipeline("test");
    pipeline.source<Event>("events").event_time(&Event::time, bounded_out_of_orderness(bound)).sink("sink");
    const JobGraph graph = pipeline.graph();
    SourceContext context;
    context.base.name = "events";
    context.base.metrics = &metrics;
    context.on_reject = policy;
    context.base.outputs.resize(2);
    context.base.outputs[0].push_back(std::make_unique<Kept<Event>>(rows, text));
    context.base.outputs[1].push_back(std::make_unique<Kept<DeadLetter>>(letters, text));
    source = std::get<SourceVertex>(graph.vertices[0].what).make(std::move(context));
    source->add_partition(0, "events-0", EventTime::min());
    source->add_partition(3, "events-3", EventTime{5000});
  }
  double rejected() const {
    for (const MetricSample& sample : metrics.collect())
      if (sample.name == "weir_records_rejected_total") return sample.value;
    return -1;
  }

  MetricRegistry metrics;
  Arena text;
  std::vector<testing::Timed<Event>> rows;
  std::vector<testing::Timed<DeadLetter>> letters;
  std::unique_ptr<SourceOperator> source;
};

}  // namespace

TEST_CASE("A watermark lies the bound and a millisecond behind the largest time, and never goes back") {
  BoundedOutOfOrderness strategy = bounded_out_of_orderness(100ms);
  CHECK(strategy.watermark() == EventTime::min());
  strategy.observe(EventTime{1000});
  CHECK(strategy.watermark() == EventTime{899});
  strategy.observe(EventTime{950});
  CHECK(strategy.watermark() == EventTime{899});
  strategy.observe(EventTime{1001});
  CHECK(strategy.watermark() == EventTime{900});
  BoundedOutOfOrderness ordered = monotonous();
  ordered.observe(EventTime{7});
  CHECK(ordered.watermark() == EventTime{6});
  ordered.observe(EventTime::min());
  CHECK(ordered.watermark() == EventTime{6});
}

TEST_CASE("A watermark near the beginning of time does not wrap around") {
  BoundedOutOfOrderness strategy = bounded_out_of_orderness(1h);
  strategy.observe(EventTime{EventTime::min().millis + 5});
  CHECK(strategy.watermark() == EventTime::min());
}

TEST_CASE("A source gives rows their event times and keeps a watermark for each partition") {
  Rig rig;
  ScriptedReader reader({{"a", EventTime{1000}}, {"b", EventTime{400}}, {"c", EventTime{2000}}});
  CHECK(rig.source->has_event_time());
  const auto first = rig.source->read(0, reader, 2);
  CHECK(first.status == ReadStatus::kRows);
  CHECK(first.rows == 2);
  CHECK(rig.source->watermark(0) == EventTime{899});
  CHECK(rig.source->watermark(3) == EventTime{5000});
  CHECK(rig.source->read(0, reader, 10).rows == 1);
  CHECK(rig.source->read(0, reader, 10).status == ReadStatus::kEnd);
  CHECK(rig.source->watermark(0) == EventTime{1899});
  CHECK(rig.rows == std::vector<testing::Timed<Event>>{{{"a", EventTime{1000}}, EventTime{1000}},
                                                       {{"b", EventTime{400}}, EventTime{400}},
                                                       {{"c", EventTime{2000}}, EventTime{2000}}});
}

TEST_CASE("A restored watermark is not undercut by older rows") {
  Rig rig;
  ScriptedReader reader({{"a", EventTime{1000}}});
  rig.source->read(3, reader, 10);
  CHECK(rig.source->watermark(3) == EventTime{5000});
}

TEST_CASE("Under the policy fail a reject ends the job, naming source, partition, offset and reason") {
  Rig rig(RejectPolicy::kFail);
  ScriptedReader reader({{"a", EventTime{1}}, {"", EventTime{2}}});
  std::string message;
  try {
    rig.source->read(0, reader, 10);
  } catch (const FailJob& failure) {
    message = failure.what();
  }
  for (const char* part : {"source 'events'", "partition 'events-0'", "offset 101", "field 'name' is missing",
                           "{\"time\":7}", "--on-error events=skip"})
    CHECK_THAT(message, Catch::Contains(part));
}

TEST_CASE("Under the policy skip rejects are counted and the rest goes on") {
  Rig rig(RejectPolicy::kSkip);
  ScriptedReader reader({{"", EventTime{2}}, {"a", EventTime{1}}, {"", EventTime{2}}});
  const auto read = rig.source->read(0, reader, 10);
  CHECK(read.rows == 1);
  CHECK(read.rejected == 2);
  CHECK(rig.rejected() == 2);
  CHECK(rig.letters.empty());
  CHECK(rig.source->read(0, reader, 10).rejected == 0);
}

TEST_CASE("Under the policy dead_letter rejects become rows with their origin") {
  Rig rig(RejectPolicy::kDeadLetter);
  ScriptedReader reader({{"a", EventTime{1}}, {"", EventTime{2}}, {"b", EventTime{3}}});
  CHECK(rig.source->read(0, reader, 10).rows == 2);
  CHECK(rig.letters ==
        std::vector<testing::Timed<DeadLetter>>{
            {{"events", "events-0", 101, "field 'name' is missing", "{\"time\":7}"}, EventTime::min()}});
  CHECK(rig.rejected() == 1);
}

}  // namespace weir
