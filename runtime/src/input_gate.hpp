#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <weir/checkpoint/barrier_aligner.hpp>
#include <weir/checkpoint/pending_checkpoint.hpp>
#include <weir/checkpoint/watermark_merger.hpp>

#include "channel.hpp"

namespace weir {

/// The receiving end of a task: reads its channels in turn, aligns barriers, merges watermarks. What comes out is one ordered
/// sequence of events.
class InputGate {
 public:
  struct Input {
    Channel* channel;
    std::uint32_t input;  ///< of the operator
    std::string edge;
  };
  explicit InputGate(std::vector<Input> inputs);

  /// kIdle: all inputs are idle, or have ended; kActive: one is not any more.
  enum class Kind { kNothing, kRows, kWatermark, kIdle, kActive, kBarrier, kEnd };
  struct Event {
    Kind kind = Kind::kNothing;
    std::uint32_t input = 0;      ///< of kRows
    const Batch* rows = nullptr;  ///< of kRows; valid until done_with_rows()
    EventTime watermark;          ///< of kWatermark, merged over all inputs
    Epoch epoch = kNoEpoch;       ///< of kBarrier, delivered by all inputs
  };
  /// The next event. After kRows, done_with_rows() must be called before the next one.
  Event next();
  void done_with_rows();

  /// What was received on each edge since the last call.
  std::vector<TaskSnapshot::EdgeEnd> take_received();
  std::uint64_t rows_received() const { return rows_received_; }

 private:
  Event take(std::size_t i, Element& element);
  Event take_return();
  Event watermark_event(const std::optional<EventTime>& merged);
  static std::vector<std::size_t> edges_of(const std::vector<Input>& inputs);

  std::vector<Input> inputs_;
  std::vector<Digest> received_;
  std::vector<bool> ended_;
  std::size_t ended_count_ = 0;
  BarrierAligner aligner_;
  WatermarkMerger merger_;
  std::size_t turn_ = 0;       ///< the channel read last
  bool holding_rows_ = false;  ///< the front of channel turn_ is with the task
  std::uint64_t rows_received_ = 0;
};

}  // namespace weir
