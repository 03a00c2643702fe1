#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <weir/core/environment.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/state_ttl.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// A wall clock that says what it is told.
class SetClock final : public Environment {
 public:
  EventTime time{1'700'000'000'000};
  Instant now() override { return Instant{0}; }
  EventTime wall_clock() override { return time; }
  std::uint64_t random() override { return 0; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
};

struct WorldOptions {
  bool rocksdb_tier = false;
  StateMode mode = StateMode::kHeap;
  std::size_t memory = 0;
};

/// One operator's state on one worker with all that happens to it: barriers in two steps, crashes, restores.
class StateWorld {
 public:
  explicit StateWorld(const WorldOptions& options)
      : options_(options),
        directory_(std::filesystem::temp_directory_path() /
                   ("weir-state-world-" + std::to_string(::getpid()) + "-" + std::to_string(++worlds))),
        backend_(options.rocksdb_tier ? make_rocksdb_backend({directory_ / "state", 4 << 20})
                                      : make_memory_backend()) {
    begin(backend_->create(0), {});
  }
  ~StateWorld() {
    states_.reset();
    store_.reset();
    backend_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  OperatorStates& states() { return *states_; }
  bool in_flight() const { return sealed_ != nullptr; }

  /// The synchronous part of a barrier.
  void seal(EventTime watermark) {
    struct Writer final : SnapshotWriter {
      void keyed(std::unique_ptr<SealedState> delta) override { sealed = std::move(delta); }
      void operator_state(std::string bytes) override { state = std::move(bytes); }
      std::unique_ptr<SealedState> sealed;
      std::string state;
    } writer;
    states_->seal(writer, watermark);
    sealed_ = std::move(writer.sealed);
    copied_ = false;
    sealed_state_ = std::move(writer.state);
  }
  /// A portion of what the worker copies between rows.
  void proceed() {
    if (sealed_ && !copied_) copied_ = states_->proceed(3);
  }
  /// What another thread does later: the checkpoint is complete.
  void write() {
    while (!copied_) proceed();
    StateDelta delta;
    static_cast<const SealedEntries&>(*sealed_).write(delta);
    sealed_.reset();
    delta.sort();
    store_->tier().apply(delta);
    keep(store_->tier().snapshot());
    state_ = sealed_state_;
    store_->snapshot_taken();
  }
  /// The process dies, and the last complete checkpoint is restored. What uses states() must be gone.
  void crash() {
    sealed_.reset();
    states_.reset();
    store_.reset();
    if (files_.empty()) begin(backend_->create(0), {});
    else begin(backend_->open(0, files_), {state_});
  }
  std::size_t stored_entries() const {
    std::size_t n = 0;
    store_->tier().scan("", "", [&](std::string_view, std::string_view) { ++n; });
    return n;
  }

 private:
  void begin(std::unique_ptr<StateTier> tier, std::vector<std::string> restored) {
    store_ = std::make_unique<StateStore>(std::move(tier), options_.mode,
                                          KeyGroupRange{0, kDefaultMaxParallelism}, options_.memory);
    OperatorContext context;
    context.name = "operator";
    context.state = store_.get();
    context.restored = std::move(restored);
    states_ = std::make_unique<OperatorStates>(context);
  }
  /// A tier takes its files with it: a checkpoint links them.
  void keep(const std::vector<SnapshotFile>& files) {
    files_ = files;
    if (!options_.rocksdb_tier) return;
    const auto to = directory_ / "checkpoints" / std::to_string(++checkpoints_);
    std::filesystem::create_directories(to);
    for (SnapshotFile& file : files_) {
      std::filesystem::create_hard_link(file.path, to / file.name);
      file.path = to / file.name;
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory_ / "checkpoints" / std::to_string(checkpoints_ - 1), ignored);
  }

  static inline int worlds = 0;
  const WorldOptions options_;
  const std::filesystem::path directory_;
  std::unique_ptr<StateBackend> backend_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<OperatorStates> states_;
  std::unique_ptr<SealedState> sealed_;
  bool copied_ = false;  ///< all that was sealed
  std::string sealed_state_;
  std::string state_;  ///< of the checkpoint in files_
  std::vector<SnapshotFile> files_;
  int checkpoints_ = 0;
};

}  // namespace weir
