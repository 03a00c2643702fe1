#include <weir/state/operator_states.hpp>

#include <algorithm>
#include <limits>

#include <weir/core/assert.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace {

constexpr std::size_t kEntriesAPortion = 2048;
constexpr std::uint64_t kSequenceGap = std::uint64_t{1} << 32;

/// Shares its delta with the operator's states until all is copied.
class SealedDelta final : public SealedEntries {
 public:
  SealedDelta(OperatorStates& states, std::shared_ptr<StateDelta> delta)
      : states_(states), delta_(std::move(delta)) {}
  bool proceed() override { return states_.proceed(kEntriesAPortion); }
  void write(StateDelta& into) const override { into.append(*delta_); }

 private:
  OperatorStates& states_;
  const std::shared_ptr<StateDelta> delta_;
};

/// Older versions wrote the end of time where the inputs had ended. How far time had come is not known then: the sources say it.
EventTime lasting(EventTime watermark) { return is_end_of_input(watermark) ? EventTime::min() : watermark; }

bool overlap(KeyGroupRange a, KeyGroupRange b) { return a.first < b.end && b.first < a.end; }

}  // namespace

OperatorStates::OperatorStates(const OperatorContext& context)
    : store_(*context.state),
      name_(context.name),
      max_parallelism_(context.max_parallelism),
      restored_end_(context.restored_end) {
  restore(context.restored);
}

void OperatorStates::restore(const std::vector<std::string>& parts) {
  EventTime slowest = EventTime::max();
  for (const std::string& part : parts) {
    StateReader in(part);
    const EventTime watermark{in.number<std::int64_t>()};
    KeyGroupRange groups;
    groups.first = in.number<std::uint32_t>();
    groups.end = in.number<std::uint32_t>();
    next_sequence_ = std::max(next_sequence_, in.number<std::uint64_t>() + kSequenceGap);
    restored_parts_.push_back({groups, std::string(in.rest())});
    if (overlap(groups, key_groups())) slowest = std::min(slowest, lasting(watermark));
  }
  restored_ = !parts.empty();
  if (restored_) watermark_at_barrier_ = lasting(slowest);
}

void OperatorStates::remove(StateTable& table) {
  const auto at = std::find(tables_.begin(), tables_.end(), &table);
  if (static_cast<std::size_t>(at - tables_.begin()) < sealed_tables_) --sealed_tables_;
  tables_.erase(at);
}

void OperatorStates::drop(std::uint32_t state_id, std::uint64_t name_space) {
  dropped_.emplace_back(state_id, name_space);
}

void OperatorStates::take_drops(StateDelta& delta) {
  for (const auto& [state_id, name_space] : dropped_) {
    for (std::uint32_t group = key_groups().first; group < key_groups().end; ++group) {
      const std::string prefix = state_prefix(static_cast<KeyGroup>(group), state_id, name_space);
      delta.drop_range(prefix, prefix_end(prefix));
    }
  }
  dropped_.clear();
}

void OperatorStates::write(StateDelta delta) {
  WEIR_ASSERT(!store_.snapshot_in_flight(), "nothing is written while a snapshot is in flight");
  take_drops(delta);
  delta.sort();
  store_.tier().apply(delta);
}

void OperatorStates::settle() {
  for (StateTable* table : tables_) table->settle();
  std::size_t excess = store_.excess_bytes();
  if (excess == 0) return;
  const bool in_flight = store_.snapshot_in_flight();
  if (in_flight && nothing_may_go_) return;
  StateDelta delta;
  for (StateTable* table : tables_) {
    excess -= std::min(excess, table->evict(excess, delta));
    if (excess == 0) break;
  }
  nothing_may_go_ = in_flight && excess > 0;
  if (!delta.empty()) write(std::move(delta));
}

std::string OperatorStates::progress(EventTime watermark, KeyGroupRange key_groups,
                                     std::uint64_t next_sequence) {
  std::string state;
  detail::append_number(state, watermark.millis);
  detail::append_number(state, key_groups.first);
  detail::append_number(state, key_groups.end);
  detail::append_number(state, next_sequence);
  return state;
}

void OperatorStates::seal(SnapshotWriter& writer, EventTime watermark, std::string_view extra) {
  WEIR_ASSERT(!sealing_, "a barrier comes when the one before is done with");
  sealing_ = std::make_shared<StateDelta>();
  sealed_tables_ = 0;
  take_drops(*sealing_);
  for (StateTable* table : tables_) table->begin_seal();
  std::string state = progress(watermark, key_groups(), next_sequence_);
  state.append(extra);
  writer.operator_state(std::move(state));
  if (ended_) writer.ended_at(watermark);
  store_.snapshot_begun();
  writer.keyed(std::make_unique<SealedDelta>(*this, sealing_));
}

StateDelta& OperatorStates::sealing_delta() {
  WEIR_ASSERT(sealing_, "something is being sealed");
  return *sealing_;
}

bool OperatorStates::proceed(std::size_t entries) {
  if (!sealing_) return true;
  const std::size_t until = sealing_->size() + entries;
  while (sealed_tables_ < tables_.size()) {
    const std::size_t had = sealing_->size();
    if (had >= until || !tables_[sealed_tables_]->seal_some(until - had, *sealing_)) return false;
    ++sealed_tables_;
  }
  sealing_.reset();
  return true;
}

}  // namespace weir
