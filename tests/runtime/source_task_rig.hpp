#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/operators/pipeline.hpp>

#include "rows.hpp"
#include "source_task.hpp"

namespace weir {

namespace source_tasks {

using namespace std::chrono_literals;

struct Event {
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Event, (), (time))

/// Time that moves when the test says so.
class ManualEnvironment final : public Environment {
 public:
  Instant now() override { return time; }
  EventTime wall_clock() override { return {0}; }
  std::uint64_t random() override { return 4; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
  Instant time{1h};
};

/// A partition whose rows and answers a test puts there.
class ScriptedReader final : public PartitionReader {
 public:
  struct Script {
    std::deque<std::int64_t> times;
    ReadStatus when_empty = ReadStatus::kNothing;
    std::int64_t read = 0;
    std::size_t calls_in_vain = 0;  ///< to come, in which something is read but no row
  };
  explicit ScriptedReader(Script& script) : script_(script) {}
  ReadStatus read(RowSink& rows, std::size_t limit) override {
    if (script_.calls_in_vain > 0) {
      --script_.calls_in_vain;
      return ReadStatus::kRows;
    }
    if (script_.times.empty()) return script_.when_empty;
    auto& batch = static_cast<RowBatch<Event>&>(rows.batch());
    for (; limit > 0 && !script_.times.empty(); --limit, ++script_.read) {
      batch.append(Event{{script_.times.front()}}, EventTime::min());
      script_.times.pop_front();
    }
    return ReadStatus::kRows;
  }
  Position position() const override { return {script_.read, {}}; }

 private:
  Script& script_;
};

/// A source task over partitions 0, 1, …, alone with a channel.
struct Rig {
  struct Say {
    std::optional<Duration> max_drift = std::nullopt;
    std::optional<Duration> idle_after = std::nullopt;
    std::optional<double> rate = std::nullopt;
    std::vector<AssignedPartition> restored = {};
    std::size_t elsewhere = 0;  ///< partitions, after its own, that belong to other workers
    bool in_turn = false;
    std::chrono::microseconds linger = 0us;
  };
  explicit Rig(std::size_t count) : Rig(count, Say{}) {}
  Rig(std::size_t count, Say say)
      : control(environment, say.linger),
        board(count + say.elsewhere, say.rate, environment.now(), say.in_turn),
        scripts(count) {
    Pipeline pipeline("test");
    pipeline.source<Event>("events").event_time(&Event::time, monotonous()).sink("sink");
    graph = pipeline.graph();
    std::vector<std::unique_ptr<EdgeOutput>> edges;
    edges.push_back(
        std::make_unique<EdgeOutput>(graph.edges[0], "events → sink", 128, std::vector<Channel*>{&channel}));
    SourceContext context;
    context.base.name = "events";
    context.base.metrics = &metrics;
    context.base.outputs.resize(1);
    context.base.outputs[0].push_back(graph.edges[0].bind(*edges.back()));
    std::vector<AssignedPartition> partitions = std::move(say.restored);
    partitions.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      partitions[i].index = static_cast<std::uint32_t>(i);
      partitions[i].name = "p" + std::to_string(i);
      partitions[i].reader = std::make_unique<ScriptedReader>(scripts[i]);
    }
    task = std::make_unique<SourceTask>(
        SourceTaskOptions{"events", 0, say.max_drift, say.idle_after}, control, metrics, board, progress,
        TaskOutputs(std::move(edges)),
        std::get<SourceVertex>(graph.vertices[0].what).make(std::move(context)), std::move(partitions));
  }

  /// Steps until nothing more is done at this moment; what has been sent, as text.
  std::string run() {
    std::string text;
    for (int steps = 0, quiet = 0; quiet < 3 && steps < 1000; ++steps) {
      quiet = task->step(environment.now()) ? 0 : quiet + 1;
      text += sent();
    }
    return text;
  }
  std::string sent() {
    std::string text;
    while (Element* element = channel.front()) {
      switch (element->kind) {
        case Element::Kind::kRows:
          for (const EventTime time : element->rows->times()) text += std::to_string(time.millis) + " ";
          break;
        case Element::Kind::kWatermark:
          text += element->watermark == EventTime::max()
                      ? "wmax "
                      : "w" + std::to_string(element->watermark.millis) + " ";
          break;
        case Element::Kind::kIdle:
          text += "idle ";
          break;
        case Element::Kind::kActive:
          text += "active ";
          break;
        case Element::Kind::kBarrier:
          text += "b" + std::to_string(element->epoch) + " ";
          break;
        case Element::Kind::kEnd:
          text += "end ";
          break;
      }
      channel.pop();
    }
    return text;
  }
  void give(std::size_t partition, std::initializer_list<std::int64_t> times) {
    scripts[partition].times.insert(scripts[partition].times.end(), times);
  }

  ManualEnvironment environment;
  MetricRegistry metrics;
  AttemptControl control;
  SourceBoard board;
  SourceProgress progress;
  std::vector<ScriptedReader::Script> scripts;
  JobGraph graph;
  Channel channel{nullptr, nullptr};
  std::unique_ptr<SourceTask> task;
};

inline std::string last_watermark(const std::string& sent) {
  const auto at = sent.rfind('w');
  return at == std::string::npos ? "" : sent.substr(at, sent.find(' ', at) - at);
}

}  // namespace source_tasks

}  // namespace weir
