#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/state/store.hpp>

namespace weir {

/// One table of live state objects, as its operator's OperatorStates see it.
class StateTable {
 public:
  virtual ~StateTable() = default;
  /// What has changed up to now is what the barrier's delta is to hold.
  virtual void begin_seal() = 0;
  /// Copies up to about `entries` of it into `delta`. True: all of it is there.
  virtual bool seal_some(std::size_t entries, StateDelta& delta) = 0;
  /// Brings the store's account up to date. Cheap.
  virtual void settle() = 0;
  /// Lets go of objects that were not used lately, about `bytes` of them, writing those that have changed. Returns what was freed. While a snapshot is in flight
  /// what has changed since the one before stays.
  virtual std::size_t evict(std::size_t bytes, StateDelta& delta) = 0;
};

/// All keyed state of one operator on one worker: its tables, what is sealed of them at a barrier, how they keep within the worker's
/// memory, and where the operator stood when the checkpoint was taken. Tables must not outlive it. One thread.
///
/// Sequence numbers that were given after a barrier may be in its delta: a restore goes on far above the one that was kept.
/// In the operator state it keeps `watermark (8) · first key group (4) · end of key groups (4) · next sequence number (8) · extra`.
class OperatorStates {
 public:
  /// Requires: context.state. Throws FailJob(kStateUnusable) when the restored operator state is not what seal() wrote.
  explicit OperatorStates(const OperatorContext& context);
  OperatorStates(const OperatorStates&) = delete;
  OperatorStates& operator=(const OperatorStates&) = delete;

  StateStore& store() { return store_; }
  const std::string& operator_name() const { return name_; }
  std::uint32_t max_parallelism() const { return max_parallelism_; }
  KeyGroupRange key_groups() const { return store_.key_groups(); }

  /// Whether the tier may hold entries from before this attempt.
  bool restored() const { return restored_; }
  /// The watermark that every worker whose key groups are now here had passed, and OperatorContext::restored_end where that is later;
  /// EventTime::min() on a fresh start.
  EventTime restored_watermark() const { return std::max(watermark_at_barrier_, restored_end_); }
  EventTime watermark_at_barrier() const { return watermark_at_barrier_; }
  EventTime restored_end() const { return restored_end_; }
  /// What every worker that took part in the checkpoint had given to seal() besides.
  struct Part {
    KeyGroupRange key_groups;
    std::string extra;
  };
  const std::vector<Part>& restored_parts() const { return restored_parts_; }
  /// Larger than every number that was given before, also in earlier attempts.
  std::uint64_t next_sequence() { return next_sequence_++; }

  void add(StateTable& table) { tables_.push_back(&table); }
  void remove(StateTable& table);
  /// Where a table copies what it is about to change and the barrier's delta still lacks. Requires: a seal that is not complete.
  StateDelta& sealing_delta();
  /// Copies up to about `entries` of what was sealed. True: all of it.
  bool proceed(std::size_t entries);
  /// Everything of one state and namespace goes: with the next thing that is written.
  void drop(std::uint32_t state_id, std::uint64_t name_space);
  /// Writes at once. Requires: no snapshot in flight.
  void write(StateDelta delta);

  /// Call at the end of every call into the operator: keeps the worker's live state within its memory.
  void settle();
  /// The operator state of one that has not kept anything besides its entries: what seal() writes.
  static std::string progress(EventTime watermark, KeyGroupRange key_groups, std::uint64_t next_sequence);
  /// Hands over what has changed; it is copied little by little (SealedState::proceed). Call once, in Operator::snapshot().
  void seal(SnapshotWriter& writer, EventTime watermark, std::string_view extra = {});
  /// The inputs have ended: what is sealed from now on is told with its watermark to SnapshotWriter::ended_at().
  void note_end() { ended_ = true; }

 private:
  void restore(const std::vector<std::string>& parts);
  void take_drops(StateDelta& delta);

  StateStore& store_;
  const std::string name_;
  const std::uint32_t max_parallelism_;
  bool restored_ = false;
  EventTime watermark_at_barrier_ = EventTime::min();
  const EventTime restored_end_;
  bool ended_ = false;
  std::vector<Part> restored_parts_;
  std::uint64_t next_sequence_ = 1;
  std::vector<StateTable*> tables_;
  bool nothing_may_go_ = false;  ///< until the snapshot in flight is taken
  std::shared_ptr<StateDelta>
      sealing_;                    ///< shared with what was handed over; null when nothing is being sealed
  std::size_t sealed_tables_ = 0;  ///< the first of them are
  std::vector<std::pair<std::uint32_t, std::uint64_t>> dropped_;  ///< state id and namespace
};

}  // namespace weir
