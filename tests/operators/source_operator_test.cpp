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

/// Rejects what a test says.
class RejectingReader final : public PartitionReader {
 public:
  explicit RejectingReader(std::vector<Rejected> rejected) : rejected_(std::move(rejected)) {}
  ReadStatus read(RowSink& rows, std::size_t) override {
    for (const Rejected& each : rejected_) rows.reject(each);
    return ReadStatus::kEnd;
  }
  Position position() const override { return {}; }

 private:
  std::vector<Rejected> rejected_;
};

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
            {{"events", "events-0", 101, "field 'name' is missing", "{\"time\":7}", "text", 10},
             EventTime::min()}});
  CHECK(rig.rejected() == 1);
}

TEST_CASE("A dead letter keeps every byte: text as it is, anything else as base64") {
  Rig rig(RejectPolicy::kDeadLetter);
  const std::string text("caf\xC3\xA9 \0 \n", 10);
  RejectingReader reader({{1, "reason", text},
                          {2, "reason", "\xFF"},
                          {3, "reason", std::string_view("\0\xC3", 2)},
                          {4, "reason", "\xED\xA0\x80"},
                          {5, std::string_view("a NUL: \0!", 9), ""}});
  rig.source->read(0, reader, 10);
  REQUIRE(rig.letters.size() == 5);
  const auto letter = [&](std::size_t i) { return rig.letters[i].row; };
  CHECK((letter(0).payload == text && letter(0).encoding == "text" && letter(0).bytes == 10));
  CHECK((letter(1).payload == "/w==" && letter(1).encoding == "base64" && letter(1).bytes == 1));
  CHECK((letter(2).payload == "AMM=" && letter(2).encoding == "base64" && letter(2).bytes == 2));
  CHECK((letter(3).payload == "7aCA" && letter(3).encoding == "base64" && letter(3).bytes == 3));
  CHECK((letter(4).payload.empty() && letter(4).encoding == "text"));
  CHECK(letter(4).reason == "a NUL: \\x00!");
}

TEST_CASE("A dead letter of a long record says how long it was, and cuts no character in two") {
  Rig rig(RejectPolicy::kDeadLetter);
  const std::string whole = std::string(65'535, 'x') + "\xC3\xA9" + std::string(100'000, 'y');
  const std::string fits(65'536, 'z');
  RejectingReader reader({{1, "bad", whole}, {2, "bad", fits}, {3, "too long", fits, {}, 40'000'000}});
  rig.source->read(0, reader, 10);
  REQUIRE(rig.letters.size() == 3);
  CHECK(rig.letters[0].row.payload == std::string(65'535, 'x'));
  CHECK(rig.letters[0].row.bytes == whole.size());
  CHECK(rig.letters[0].row.encoding == "text");
  CHECK(rig.letters[0].row.reason == "bad; of its 165537 bytes the first 65535 are kept");
  CHECK((rig.letters[1].row.payload == fits && rig.letters[1].row.reason == "bad"));
  CHECK(rig.letters[2].row.reason == "too long; of its 40000000 bytes the first 65536 are kept");
}

TEST_CASE("A message about a reject is not cut by what it quotes, and gives the remedy of who rejected it") {
  const auto message_of = [](Rejected rejected) {
    Rig rig(RejectPolicy::kFail);
    RejectingReader reader({rejected});
    try {
      rig.source->read(0, reader, 10);
    } catch (const FailJob& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  const std::string message =
      message_of({7, std::string_view("it has a \0", 10), std::string_view("a\0\x1b[2J\xFF", 7)});
  CHECK_THAT(message, Catch::Contains("it has a \\x00; the record: a\\x00\\x1b[2J\\xff\n") &&
                          Catch::Contains("--on-error events=skip"));
  CHECK(message_of({7, "bad", std::string(10'000, 'x')}).size() < 500);
  const std::string advised = message_of({7, "a deletion", "", "make it a row"});
  CHECK_THAT(advised, Catch::Contains("make it a row") && !Catch::Contains("skip"));
}

}  // namespace weir
