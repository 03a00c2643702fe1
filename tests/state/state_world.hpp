#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/operator_states.hpp>

namespace weir {

/// One operator's state: the barrier, what is in flight after it, the restart.
class StateWorld {
 public:
  StateWorld(StateMode mode, std::size_t memory)
      : mode_(mode), memory_(memory), backend_(make_memory_backend()) {
    begin(backend_->create(0), {});
  }
  OperatorStates& states() { return *states_; }
  StateStore& store() { return *store_; }
  bool in_flight() const { return sealed_ != nullptr; }

  /// The synchronous part of a barrier.
  void seal() {
    struct Writer final : SnapshotWriter {
      void keyed(std::unique_ptr<SealedState> delta) override { sealed = std::move(delta); }
      void operator_state(std::string bytes) override { state = std::move(bytes); }
      std::unique_ptr<SealedState> sealed;
      std::string state;
    } writer;
    states_->seal(writer, EventTime{7}, "extra");
    sealed_ = std::move(writer.sealed);
    copied_ = false;
    sealed_state_ = std::move(writer.state);
  }
  /// A portion of what the worker copies between rows.
  void proceed() {
    if (sealed_) copied_ = states_->proceed(3);
  }
  /// What another thread does later.
  void write() {
    while (!copied_) proceed();
    StateDelta delta;
    static_cast<const SealedEntries&>(*sealed_).write(delta);
    sealed_.reset();
    delta.sort();
    store_->tier().apply(delta);
    files_ = store_->tier().snapshot();
    state_ = sealed_state_;
    store_->snapshot_taken();
  }
  /// Back to the last snapshot. Tables must be gone.
  void restart(bool change_mode) {
    if (change_mode) mode_ = mode_ == StateMode::kHeap ? StateMode::kRocksDb : StateMode::kHeap;
    sealed_.reset();
    states_.reset();
    auto tier = files_.empty() ? backend_->create(0) : backend_->open(0, files_);
    store_.reset();
    begin(std::move(tier), files_.empty() ? std::vector<std::string>{} : std::vector<std::string>{state_});
  }
  std::size_t entries() const {
    std::size_t n = 0;
    store_->tier().scan("", "", [&](std::string_view, std::string_view) { ++n; });
    return n;
  }
  StateMode mode() const { return mode_; }

 private:
  void begin(std::unique_ptr<StateTier> tier, std::vector<std::string> restored) {
    store_ = std::make_unique<StateStore>(std::move(tier), mode_, KeyGroupRange{0, kDefaultMaxParallelism},
                                          memory_);
    OperatorContext context;
    context.name = "operator";
    context.state = store_.get();
    context.restored = std::move(restored);
    states_ = std::make_unique<OperatorStates>(context);
  }

  StateMode mode_;
  const std::size_t memory_;
  std::unique_ptr<StateBackend> backend_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<OperatorStates> states_;
  std::unique_ptr<SealedState> sealed_;
  bool copied_ = false;  ///< all that was sealed
  std::string sealed_state_;
  std::string state_;  ///< of the snapshot in files_
  std::vector<SnapshotFile> files_;
};

}  // namespace weir
