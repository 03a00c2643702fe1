#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator_task.hpp"
#include "rows.hpp"

namespace weir {

/// A machine whose clocks a test sets.
class SetEnvironment final : public Environment {
 public:
  Instant now() override { return std::chrono::hours(1); }
  EventTime wall_clock() override { return clock; }
  std::uint64_t random() override { return 4; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
  EventTime clock{1'000};
};

/// What an operator is to answer, and what it has been asked, as text.
struct OperatorScript {
  EventTime next_processing_time = EventTime::max();
  EventTime hold = EventTime::max();
  bool accepts = true;
  int unfinished = 0;  ///< so many of its next calls that can be resumed say that there is more
  std::string calls;
};

/// Passes its rows on, and a row of its own, 100, each time that processing time has come.
class ScriptedOperator final : public Operator {
 public:
  ScriptedOperator(OperatorScript& script, Exchange& out) : script_(script), out_(out) {}

  void process(std::uint32_t, const Batch& rows) override {
    for (const int row : numbers(rows)) {
      script_.calls += std::to_string(row) + " ";
      emit(row);
    }
  }
  bool advance_watermark(EventTime watermark) override {
    return done(watermark == EventTime::max() ? "wmax" : "w" + std::to_string(watermark.millis));
  }
  EventTime next_processing_time() const override { return script_.next_processing_time; }
  bool advance_processing_time(EventTime now) override {
    if (!done("p" + std::to_string(now.millis))) return false;
    script_.next_processing_time = EventTime::max();
    emit(100);
    return true;
  }
  EventTime watermark_hold() const override { return script_.hold; }
  bool accepts_rows() const override { return script_.accepts; }
  bool end_of_input() override { return done("end"); }
  void snapshot(SnapshotWriter&) override { script_.calls += "snapshot "; }

 private:
  bool done(const std::string& call) {
    script_.calls += call + " ";
    return script_.unfinished == 0 || --script_.unfinished < 0;
  }
  void emit(int row) { static_cast<RowBatch<int>&>(out_.open(0)).append(row, EventTime{row}); }

  OperatorScript& script_;
  Exchange& out_;
};

/// An operator task between some channels and one.
struct OperatorTaskRig {
  explicit OperatorTaskRig(std::size_t inputs = 1) {
    std::vector<InputGate::Input> ends;
    for (std::size_t i = 0; i < inputs; ++i) {
      in.push_back(std::make_unique<Channel>(nullptr, nullptr));
      ends.push_back({in.back().get(), static_cast<std::uint32_t>(i), "edge " + std::to_string(i)});
    }
    std::vector<std::unique_ptr<EdgeOutput>> edges;
    edges.push_back(std::make_unique<EdgeOutput>(number_edge(), "out", 128, std::vector<Channel*>{&out}));
    auto op = std::make_unique<ScriptedOperator>(script, *edges.back());
    task = std::make_unique<OperatorTask>(
        "tested", 0, control, metrics, InputGate(std::move(ends)), TaskOutputs(std::move(edges)),
        HotKeyWatch("tested", 0, {}, hot_keys, metrics), &state, std::move(op));
  }

  /// Of which every byte is too much while a snapshot is in flight.
  StateStore state{nullptr, StateMode::kRocksDb, {0, 128}, 0};

  void send(Element element, std::size_t input = 0) { in[input]->try_send(element); }
  void send(Element::Kind kind, std::int64_t watermark = 0, Epoch epoch = kNoEpoch) {
    send(mark(kind, watermark, epoch));
  }
  void end_input() {
    send(Element::Kind::kWatermark, EventTime::max().millis);
    send(Element::Kind::kEnd);
  }

  /// Steps until nothing more is done at this moment; what the operator was asked.
  std::string run() {
    for (int quiet = 0, steps = 0; quiet < 3 && steps < 100; ++steps)
      quiet = task->step(environment.now()) ? 0 : quiet + 1;
    return std::exchange(script.calls, {});
  }
  /// What it has sent since the last time.
  std::string sent() {
    std::string text;
    for (; Element* element = out.front(); out.pop()) {
      switch (element->kind) {
        case Element::Kind::kRows:
          for (const int row : numbers(*element->rows)) text += std::to_string(row) + " ";
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
    }
    return text;
  }

  SetEnvironment environment;
  MetricRegistry metrics;
  AttemptControl control{environment, std::chrono::nanoseconds(0)};
  OperatorScript script;
  std::vector<std::unique_ptr<Channel>> in;
  Channel out{nullptr, nullptr};
  HotKeyBoard hot_keys;
  std::unique_ptr<OperatorTask> task;
};

}  // namespace weir
