#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;

struct Tick {
  EventTime time;
  bool closes = false;  ///< "nothing older than this follows"
};
BOOST_DESCRIBE_STRUCT(Tick, (), (time, closes))

class TickReader final : public PartitionReader {
 public:
  explicit TickReader(std::vector<Tick> ticks) : ticks_(std::move(ticks)) {}
  ReadStatus read(RowSink& rows, std::size_t limit) override {
    if (next_ == ticks_.size()) return ReadStatus::kCaughtUp;
    for (; limit > 0 && next_ < ticks_.size(); --limit, ++next_)
      static_cast<RowBatch<Tick>&>(rows.batch()).append(ticks_[next_], EventTime::min());
    return ReadStatus::kRows;
  }
  Position position() const override { return {static_cast<std::int64_t>(next_), {}}; }

 private:
  std::vector<Tick> ticks_;
  std::size_t next_ = 0;
};

class TimesKept final : public BatchConsumer {
 public:
  explicit TimesKept(std::vector<std::int64_t>& times) : times_(times) {}
  void consume(const Batch& batch) override {
    for (const EventTime time : batch.times()) times_.push_back(time.millis);
  }

 private:
  std::vector<std::int64_t>& times_;
};

/// A wall clock that a test sets.
class SetClock final : public Environment {
 public:
  Instant now() override { return {}; }
  EventTime wall_clock() override {
    ++readings;
    return time;
  }
  std::uint64_t random() override { return 4; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
  EventTime time{1'000'000};
  int readings = 0;
};

/// A source as `say` makes it, with two partitions: 0 is fresh, 1 has been restored at 5000.
struct Rig {
  explicit Rig(const std::function<void(SourceStream<Tick>&)>& say) {
    Pipeline pipeline("test");
    auto ticks = pipeline.source<Tick>("ticks");
    say(ticks);
    ticks.sink("sink");
    const JobGraph graph = pipeline.graph();
    make = std::get<SourceVertex>(graph.vertices[0].what).make;
    start(EventTime{5000});
  }
  void start(EventTime restored) {
    SourceContext context;
    context.base.name = "ticks";
    context.base.metrics = &metrics;
    context.base.environment = &clock;
    context.warn = [this](const std::string& line) { warnings.push_back(line); };
    context.base.outputs.resize(1);
    context.base.outputs[0].push_back(std::make_unique<TimesKept>(times));
    source = make(std::move(context));
    source->add_partition(0, "a", EventTime::min());
    source->add_partition(1, "b", restored);
  }
  std::int64_t watermark_after(std::vector<Tick> ticks, std::uint32_t partition = 0) {
    TickReader reader(std::move(ticks));
    source->read(partition, reader, 100);
    return source->watermark(partition).millis;
  }

  double counted_ahead() const {
    for (const MetricSample& sample : metrics.collect())
      if (sample.name == "weir_source_ahead_of_clock_records_total") return sample.value;
    return -1;
  }

  SetClock clock;
  MetricRegistry metrics;
  std::vector<std::string> warnings;
  SourceOperatorFactory make;
  std::vector<std::int64_t> times;
  std::unique_ptr<SourceOperator> source;
};

/// A user's own: as far as the row before the last one, whatever that was.
struct OneBehind {
  EventTime last = EventTime::min();
  EventTime before = EventTime::min();
  void observe(EventTime time) { before = std::exchange(last, time); }
  EventTime watermark() const { return before; }
};
/// Another one, that looks at rows.
struct FromClosing {
  EventTime closed = EventTime::min();
  void observe(const Tick& tick, EventTime time) {
    if (tick.closes) closed = time;
  }
  EventTime watermark() const { return closed; }
};
struct AtTheEnd {
  void observe(EventTime) {}
  EventTime watermark() const { return EventTime::max(); }
};

std::optional<EventTime> carried(const Tick& tick, EventTime time) {
  return tick.closes ? std::optional(time) : std::nullopt;
}

}  // namespace

TEST_CASE("A punctuated watermark is what rows carry, for their own partition") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, punctuated(&carried)); });
  CHECK(rig.watermark_after({{EventTime{100}}, {EventTime{200}}}) == EventTime::min().millis);
  CHECK(rig.watermark_after({{EventTime{150}, true}, {EventTime{400}}}) == 150);
  CHECK(rig.watermark_after({{EventTime{120}, true}}) == 150);  // it has been said already
  CHECK(rig.watermark_after({{EventTime{300}, true}, {EventTime{250}, true}}) == 300);
  CHECK(rig.source->watermark(1) == EventTime{5000});
  CHECK(rig.watermark_after({{EventTime{300}, true}}, 1) == 5000);
  CHECK(rig.watermark_after({{EventTime{6000}, true}}, 1) == 6000);
  CHECK(rig.times == std::vector<std::int64_t>{100, 200, 150, 400, 120, 300, 250, 300, 6000});
}

TEST_CASE("A strategy of one's own may look at times, and its watermark never goes back") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, OneBehind{}); });
  CHECK(rig.watermark_after({{EventTime{100}}}) == EventTime::min().millis);
  CHECK(rig.watermark_after({{EventTime{50}}}) == 100);
  CHECK(rig.watermark_after({{EventTime{70}}}) == 100);  // the strategy says 50
  CHECK(rig.watermark_after({{EventTime{300}}, {EventTime{10}}}) == 300);
  // Partitions have a strategy each: this one has seen nothing yet.
  CHECK(rig.watermark_after({{EventTime{9000}}}, 1) == 5000);
}

TEST_CASE("A strategy of one's own may look at rows") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, FromClosing{}); });
  CHECK(rig.watermark_after({{EventTime{100}}, {EventTime{90}, true}, {EventTime{200}}}) == 90);
}

TEST_CASE("A strategy cannot say that time has ended") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, AtTheEnd{}); });
  CHECK(rig.watermark_after({{EventTime{100}}}) == kEndOfInput.millis - 1);
}

TEST_CASE("A row too far ahead of the clock passes on, but does not move the watermark") {
  Rig rig([](auto& ticks) {
    ticks.event_time(&Tick::time, bounded_out_of_orderness(100ms).ahead_of_clock_at_most(1h));
  });
  const std::int64_t now = rig.clock.time.millis, hour = 3'600'000, year_9999 = 253'370'764'800'000;
  CHECK(rig.watermark_after({{EventTime{now - 50}}, {EventTime{year_9999}}, {EventTime{now}}}) == now - 101);
  CHECK(rig.times == std::vector<std::int64_t>{now - 50, year_9999, now});
  CHECK(rig.counted_ahead() == 1);
  REQUIRE(rig.warnings.size() == 1);
  for (const char* part : {"source 'ticks'", "partition 'a'", "253370764800000", "3600000", "filter()"})
    CHECK_THAT(rig.warnings[0], Catch::Contains(part));
  // Exactly the bound is believed; each partition is told of once.
  CHECK(rig.watermark_after({{EventTime{now + hour}}, {EventTime{now + hour + 1}}}) == now + hour - 101);
  CHECK(rig.counted_ahead() == 2);
  CHECK(rig.warnings.size() == 1);
  CHECK(rig.watermark_after({{EventTime::max()}, {EventTime{year_9999}}}, 1) == 5000);
  CHECK(rig.counted_ahead() == 4);
  CHECK(rig.warnings.size() == 2);
  CHECK(rig.clock.readings == 3);
}

TEST_CASE("What was too far ahead is believed when the clock has come there, and history always is") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, monotonous().ahead_of_clock_at_most(0ms)); });
  const std::int64_t now = rig.clock.time.millis;
  CHECK(rig.watermark_after({{EventTime{-5}}, {EventTime{now + 10}}}) == -6);
  rig.clock.time = EventTime{now - 500};  // the clock was set back
  CHECK(rig.watermark_after({{EventTime{now - 1}}}) == -6);
  rig.clock.time = EventTime{now + 10};
  CHECK(rig.watermark_after({{EventTime{now + 10}}}) == now + 9);
  CHECK(rig.counted_ahead() == 2);
}

TEST_CASE("A watermark carried by a row, or said by a strategy of one's own, is held to the clock as well") {
  const auto by_row = GENERATE(true, false);
  Rig rig([&](auto& ticks) {
    if (by_row) {
      const std::int64_t leap = 1'000'000'000;  // a capture: such a strategy cannot be assigned
      const auto leaping = [leap](const Tick& tick, EventTime time) -> std::optional<EventTime> {
        if (!tick.closes) return std::nullopt;
        return time.millis == 7 ? time + Duration{leap} : time;
      };
      ticks.event_time(&Tick::time, punctuated(leaping).ahead_of_clock_at_most(1s));
    } else {
      ticks.event_time(&Tick::time, ahead_of_clock_at_most(1s, FromClosing{}));
    }
  });
  CHECK(rig.watermark_after({{EventTime{5}, true}, {EventTime{6}}}) == 5);
  CHECK(rig.watermark_after({{EventTime{7}, by_row}, {EventTime{999'999'999}, true}}) == 5);
  CHECK(rig.watermark_after({{EventTime{20}, true}}) == 20);
  CHECK(rig.counted_ahead() == (by_row ? 2 : 1));
}

TEST_CASE("A strategy that leaps by itself comes no further than the clock and the bound") {
  Rig rig([](auto& ticks) { ticks.event_time(&Tick::time, ahead_of_clock_at_most(1s, AtTheEnd{})); });
  CHECK(rig.watermark_after({{EventTime{100}}}) == rig.clock.time.millis + 1000);
}

TEST_CASE("Ingestion time is the wall clock, read once a batch") {
  Rig rig([](auto& ticks) { ticks.ingestion_time(); });
  rig.start(EventTime::min());
  CHECK(rig.source->has_event_time());
  CHECK(rig.watermark_after({{}, {}, {}}) == 999'999);
  CHECK(rig.times == std::vector<std::int64_t>{1'000'000, 1'000'000, 1'000'000});
  CHECK(rig.clock.readings == 1);
  rig.clock.time = EventTime{1'000'007};
  CHECK(rig.watermark_after({{}}) == 1'000'006);
  CHECK(rig.times.back() == 1'000'007);
}

TEST_CASE("Ingestion time goes on where nothing comes, in steps, so that windows close") {
  Rig rig([](auto& ticks) { ticks.ingestion_time(); });
  rig.start(EventTime::min());
  rig.watermark_after({{}});
  rig.clock.time = EventTime{1'000'049};
  CHECK(rig.watermark_after({}) == 999'999);
  rig.clock.time = EventTime{1'000'050};
  CHECK(rig.watermark_after({}) == 1'000'049);
  rig.clock.time = EventTime{1'000'237};
  CHECK(rig.watermark_after({}) == 1'000'199);
  CHECK(rig.watermark_after({}, 1) == 1'000'199);  // nothing has ever come here
  rig.watermark_after({{}});
  CHECK(rig.times.back() == 1'000'237);
}

TEST_CASE("Ingestion time stands still while the wall clock has jumped back") {
  Rig rig([](auto& ticks) { ticks.ingestion_time(); });
  rig.start(EventTime::min());
  rig.watermark_after({{}});
  rig.clock.time = EventTime{400'000};
  CHECK(rig.watermark_after({{}}) == 999'999);
  CHECK(rig.times.back() == 1'000'000);
  CHECK(rig.watermark_after({{}}, 1) == 999'999);
  rig.clock.time = EventTime{1'000'100};
  CHECK(rig.watermark_after({{}}) == 1'000'099);
}

TEST_CASE("Ingestion time goes on behind no restored watermark, whatever the clock says") {
  Rig rig([](auto& ticks) { ticks.ingestion_time(); });
  rig.start(EventTime{2'000'000});  // the clock is behind that
  CHECK(rig.source->watermark(1) == EventTime{2'000'000});
  CHECK(rig.watermark_after({{}}, 1) == 2'000'000);
  CHECK(rig.times.back() == 2'000'001);  // not late by what was said before the restart
  CHECK(rig.watermark_after({}, 1) == 2'000'000);
  rig.clock.time = EventTime{3'000'000};
  CHECK(rig.watermark_after({{}}, 1) == 2'999'999);
}

}  // namespace weir
