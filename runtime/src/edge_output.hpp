#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/core/operator.hpp>

#include "channel.hpp"

namespace weir {

/// The sending end of one edge on one worker: a batch under construction and a channel for each target worker.
/// Never blocks: what finds a full channel waits here, and has_backlog() stops the task before its next step, so that the
/// backlog is never more than what one step emits.
class EdgeOutput final : public Exchange {
 public:
  EdgeOutput(const Edge& edge, std::string name, std::uint32_t max_parallelism,
             std::vector<Channel*> channels);

  std::uint32_t targets() const override { return static_cast<std::uint32_t>(channels_.size()); }
  std::uint32_t max_parallelism() const override { return max_parallelism_; }
  Batch& open(std::uint32_t target) override { return *open_[target]; }
  Batch& ship(std::uint32_t target) override;

  /// Sends batches that have waited since before `opened_before`, whatever they hold.
  void flush_waiting(Environment::Instant now, Environment::Instant linger);
  void flush();
  /// Sends a mark to every target, after all rows before it. What says that the edge is idle, or active, when it is already,
  /// is left out.
  void broadcast(Element::Kind kind, EventTime watermark, Epoch epoch);
  /// Moves the backlog on. False: some of it still waits.
  bool drain();
  bool has_backlog() const { return !backlog_.empty(); }

  const std::string& name() const { return name_; }
  Digest take_sent() { return std::exchange(sent_, {}); }
  std::uint64_t rows_sent() const { return rows_sent_; }

 private:
  void send(std::uint32_t target, Element element);
  void send_mark(Element::Kind kind, EventTime watermark, Epoch epoch);
  /// Before rows or a watermark leave: all targets hear of it, not only those that rows go to, so that all of them merge the same
  /// watermarks.
  void leave_idle();

  const std::string name_;
  const std::uint32_t max_parallelism_;
  const BatchFactory make_batch_;
  std::vector<Channel*> channels_;
  std::vector<std::unique_ptr<Batch>> open_;
  std::vector<Environment::Instant> waiting_since_;
  std::deque<std::pair<std::uint32_t, Element>> backlog_;
  Digest sent_;
  std::uint64_t rows_sent_ = 0;
  bool idle_ = false;
};

}  // namespace weir
