#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/pending_checkpoint.hpp>
#include <weir/core/environment.hpp>
#include <weir/core/metrics.hpp>
#include <weir/core/operator.hpp>

#include "edge_output.hpp"
#include "input_gate.hpp"
#include "parker.hpp"

namespace weir {

/// What tasks and the coordinator tell each other. Any thread.
class AttemptControl {
 public:
  AttemptControl(Environment& environment, Environment::Instant linger)
      : environment_(environment), linger_(linger) {}

  Environment& environment() const { return environment_; }
  Environment::Instant linger() const { return linger_; }

  /// Asks the sources for barrier `epoch`. After a last one they read no more.
  void request(Epoch epoch, bool last) {
    if (last) last_.store(true, std::memory_order_relaxed);
    requested_.store(epoch, std::memory_order_release);
  }
  Epoch requested() const { return requested_.load(std::memory_order_acquire); }
  bool last_requested() const { return last_.load(std::memory_order_relaxed); }

  /// Sources read nothing until allow_reading(): their first positions are to be durable before.
  void hold_reading() { may_read_.store(false, std::memory_order_relaxed); }
  void allow_reading() { may_read_.store(true, std::memory_order_release); }
  bool may_read() const { return may_read_.load(std::memory_order_acquire); }

  /// A task has answered a barrier.
  void submit(TaskSnapshot snapshot);
  std::vector<TaskSnapshot> take_snapshots();
  /// A task has passed on the end of all its inputs.
  void task_finished();
  std::size_t tasks_finished() const { return finished_.load(std::memory_order_acquire); }

  /// All partitions of a source that are on one worker have been read to their ends, and nothing else comes of that (AtEnd::kKeep).
  void source_at_end();
  std::size_t sources_at_end() const { return at_end_.load(std::memory_order_acquire); }

  /// Rows have moved: there is something for a checkpoint. Once a batch.
  void note_activity() { activity_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t activity() const { return activity_.load(std::memory_order_relaxed); }

  /// "samples[2] 100 to 2224, …": between which positions of the sources a row lies that some operator works on now.
  std::string rows_under_way() const { return rows_under_way_ ? rows_under_way_() : ""; }
  /// Before the first step.
  void find_rows_under_way(std::function<std::string()> how) { rows_under_way_ = std::move(how); }

  /// Where the coordinator sleeps.
  Parker& coordinator() { return coordinator_; }

 private:
  Environment& environment_;
  const Environment::Instant linger_;
  std::atomic<Epoch> requested_{kNoEpoch};
  std::atomic<bool> last_{false};
  std::atomic<bool> may_read_{true};
  std::atomic<std::size_t> finished_{0};
  std::atomic<std::size_t> at_end_{0};
  std::atomic<std::uint64_t> activity_{0};
  std::mutex mutex_;
  std::vector<TaskSnapshot> snapshots_;
  std::function<std::string()> rows_under_way_;
  Parker coordinator_;
};

/// The ways out of a task: all its edges' sending ends.
class TaskOutputs {
 public:
  explicit TaskOutputs(std::vector<std::unique_ptr<EdgeOutput>> edges) : edges_(std::move(edges)) {}

  /// False while something waits for a full channel: no step then.
  bool drain();
  bool has_backlog() const;
  void flush_waiting(Environment::Instant now, Environment::Instant linger);
  void flush();
  void watermark(EventTime watermark) { broadcast(Element::Kind::kWatermark, watermark, kNoEpoch); }
  void idle() { broadcast(Element::Kind::kIdle, {}, kNoEpoch); }
  void active() { broadcast(Element::Kind::kActive, {}, kNoEpoch); }
  void barrier(Epoch epoch) { broadcast(Element::Kind::kBarrier, {}, epoch); }
  void end() { broadcast(Element::Kind::kEnd, {}, kNoEpoch); }

  std::vector<TaskSnapshot::EdgeEnd> take_sent();
  std::uint64_t rows_sent() const;

 private:
  void broadcast(Element::Kind kind, EventTime watermark, Epoch epoch);

  std::vector<std::unique_ptr<EdgeOutput>> edges_;
};

/// What a task waits for, other than rows.
enum class Waits {
  kNot,
  kForRoom,      ///< behind it
  kForMemory,    ///< that a snapshot must give back first
  kForAnswers,   ///< its operator takes no rows for now
  kForTheSink,   ///< to take rows
  kForTheFlush,  ///< of an epoch's rows
};

/// What a task is at, for people. Written by its worker, read by any thread.
struct TaskPlace {
  std::atomic<bool> in_step{false};
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint64_t> moved{0};  ///< steps that did something
  std::atomic<Waits> waits{Waits::kNot};
  std::atomic<Epoch> answered{kNoEpoch};
  std::atomic<std::int64_t> watermark{EventTime::min().millis};  ///< sent on
  std::atomic<bool> idle{false};                                 ///< said so, behind it
};

/// One vertex on one worker. Stepped by its worker, or by the simulation; a step is bounded and never blocks.
class Task {
 public:
  virtual ~Task() = default;
  /// True when something was done. What is thrown has noted its place.
  bool step(Environment::Instant now);
  /// True while what it has to give finds no room.
  virtual bool is_blocked() const = 0;
  /// After a step without progress: how long its worker may sleep although nobody wakes it, at most `at_most`.
  virtual Environment::Instant nap(Environment::Instant, Environment::Instant at_most) const {
    return at_most;
  }
  virtual const std::string& vertex() const = 0;
  virtual std::uint32_t worker() const = 0;
  const TaskPlace& place() const { return place_; }

 protected:
  void note_answered(Epoch epoch) { place_.answered.store(epoch, std::memory_order_relaxed); }
  void note_watermark(EventTime sent) { place_.watermark.store(sent.millis, std::memory_order_relaxed); }
  void note_idle(bool idle) { place_.idle.store(idle, std::memory_order_relaxed); }

 private:
  virtual bool do_step(Environment::Instant now) = 0;
  virtual Waits waits() const = 0;
  /// Something was thrown in do_step(): says where, by add_failure_place().
  virtual void note_failure() const = 0;

  TaskPlace place_;
};

/// Counters of a task, bumped once a step.
class TaskMetrics {
 public:
  TaskMetrics(MetricRegistry& metrics, const std::string& vertex, std::uint32_t worker);
  void rows_in(std::uint64_t total) { in_->add(total - std::exchange(seen_in_, total)); }
  void rows_out(std::uint64_t total) { out_->add(total - std::exchange(seen_out_, total)); }
  void watermark(EventTime t) { watermark_->set(static_cast<double>(t.millis) / 1000.0); }

 private:
  Counter* in_;
  Counter* out_;
  Gauge* watermark_;
  std::uint64_t seen_in_ = 0;
  std::uint64_t seen_out_ = 0;
};

}  // namespace weir
