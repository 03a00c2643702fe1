#include <weir/state/operator_states.hpp>

#include <algorithm>
#include <limits>

#include <weir/core/assert.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace {

class SealedDelta final : public SealedEntries {
 public:
  explicit SealedDelta(StateDelta delta) : delta_(std::move(delta)) {}
  void write(StateDelta& into) const override { into.append(delta_); }

 private:
  const StateDelta delta_;
};

bool overlap(KeyGroupRange a, KeyGroupRange b) { return a.first < b.end && b.first < a.end; }

}  // namespace

OperatorStates::OperatorStates(const OperatorContext& context)
    : store_(*context.state), name_(context.name), max_parallelism_(context.max_parallelism) {
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
    next_sequence_ = std::max(next_sequence_, in.number<std::uint64_t>());
    restored_parts_.push_back({groups, std::string(in.rest())});
    if (overlap(groups, key_groups())) slowest = std::min(slowest, watermark);
  }
  restored_ = !parts.empty();
  if (restored_) restored_watermark_ = slowest;
}

void OperatorStates::remove(StateTable& table) {
  tables_.erase(std::find(tables_.begin(), tables_.end(), &table));
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
  if (excess == 0 || store_.snapshot_in_flight()) return;
  StateDelta delta;
  for (StateTable* table : tables_) {
    excess -= std::min(excess, table->evict(excess, delta));
    if (excess == 0) break;
  }
  if (!delta.empty()) write(std::move(delta));
}

void OperatorStates::seal(SnapshotWriter& writer, EventTime watermark, std::string_view extra) {
  StateDelta delta;
  take_drops(delta);
  for (StateTable* table : tables_) table->seal(delta);
  std::string state;
  detail::append_number(state, watermark.millis);
  detail::append_number(state, key_groups().first);
  detail::append_number(state, key_groups().end);
  detail::append_number(state, next_sequence_);
  state.append(extra);
  writer.operator_state(std::move(state));
  store_.snapshot_begun();
  writer.keyed(std::make_unique<SealedDelta>(std::move(delta)));
}

}  // namespace weir
