#include <weir/checkpoint/saved_state.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/state/manifest_state.hpp>
#include <weir/state/store.hpp>

namespace weir {

namespace {

using Kind = StateType::Kind;

constexpr std::size_t kPrefixBytes = 14;
/// Turned, so that the byte order of panes is the order of time.
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::string_view kPanes = "panes";

template <class Number>
Number big_endian(std::string_view bytes) {
  Number number = 0;
  for (const char byte : bytes.substr(0, sizeof number))
    number = static_cast<Number>(static_cast<std::uint64_t>(number) << 8 | static_cast<unsigned char>(byte));
  return number;
}

bool names(const SavedStateFilter& filter, const StateSchemaEntry& state) {
  return (filter.operator_name.empty() || filter.operator_name == state.operator_name) &&
         (filter.state_name.empty() || filter.state_name == state.state.name);
}

/// Of a state that lies in the manifest; empty when that worker wrote none.
std::string_view content_of(const OperatorStateEntry& state, const std::string& name) {
  if (state.bytes.size() < kOperatorStateHeaderBytes) return {};
  return ManifestStates::find(std::string_view(state.bytes).substr(kOperatorStateHeaderBytes), name);
}

bool admits(const SavedStateFilter& filter, const StateType& key_type, const SavedEntry& entry) {
  std::string_view text = entry.key;
  if (key_type.kind == Kind::kText) text = text.substr(1, text.size() - 2);  // as people type it
  return (!filter.key || text == *filter.key) &&
         text.substr(0, filter.key_prefix.size()) == filter.key_prefix;
}

}  // namespace

SavedState::SavedState(CheckpointStore& store, Epoch epoch, StateBackend& backend)
    : manifest_(decode_manifest(store.load(epoch), store.describe(epoch))) {
  for (const StateSchemaEntry& entry : manifest_.schemas) {
    const std::uint32_t id = state_id(entry.operator_name, entry.state.name);
    states_.insert_or_assign(
        id, Known{&entry, StateType::parse(entry.state.key_type), StateType::parse(entry.state.value_type)});
  }
  for (const StateShard& shard : manifest_.shards) {
    std::vector<SnapshotFile> files;
    for (const StoredFile& file : shard.files) files.push_back(store.get(file, backend.staging_directory()));
    tiers_.push_back(backend.open(shard.worker, files));
  }
}

SavedState::~SavedState() = default;

void SavedState::for_each(const SavedStateFilter& filter,
                          const std::function<bool(const SavedEntry&)>& visit) const {
  for (std::uint32_t group = 0; group < manifest_.max_parallelism; ++group)
    if (!for_each_in(static_cast<KeyGroup>(group), filter, visit)) return;
  for_each_in_manifest(filter, visit);
}

void SavedState::for_each_in_manifest(const SavedStateFilter& filter,
                                      const std::function<bool(const SavedEntry&)>& visit) const {
  for (const auto& [id, known] : states_) {
    const Kind kind = known.value.kind;
    if (!names(filter, *known.entry) || (kind != Kind::kBroadcast && kind != Kind::kOperatorList)) continue;
    for (const OperatorStateEntry& state : manifest_.operator_states) {
      if (state.operator_name != known.entry->operator_name) continue;
      const std::string_view content = content_of(state, known.entry->state.name);
      if (content.empty()) continue;
      StateReader in(content);
      for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
        SavedEntry entry;
        entry.state = known.entry;
        const std::size_t before = in.rest().size();
        if (kind == Kind::kBroadcast) {
          StateReader key(in.take(in.number<std::uint32_t>()));
          append_ordered_json(entry.key, known.key, key);
        } else {
          entry.key = std::to_string(state.worker);
        }
        append_json(entry.value, known.value.parts[0], in);
        entry.bytes = before - in.rest().size();
        if (admits(filter, known.key, entry) && !visit(entry)) return;
      }
      if (kind == Kind::kBroadcast) break;  // all copies are equal
    }
  }
}

bool SavedState::for_each_in(KeyGroup group, const SavedStateFilter& filter,
                             const std::function<bool(const SavedEntry&)>& visit) const {
  std::string begin = state_prefix(group, 0, 0);
  begin.resize(sizeof group);
  std::optional<SavedEntry> last;  // held back, for what is added to a list
  bool go_on = true;
  const auto give = [&] {
    if (last && go_on) go_on = visit(*last);
    last.reset();
  };
  for (std::size_t i = 0; i < tiers_.size(); ++i) {
    if (!manifest_.shards[i].key_groups.contains(group)) continue;
    tiers_[i]->scan(begin, prefix_end(begin), [&](std::string_view key, std::string_view value) {
      const Known* known = find(key, filter);
      if (!go_on || !known) return;
      SavedEntry entry = decode(*known, key, value);
      if (!admits(filter, known->key, entry)) return;
      if (last && known->value.kind == Kind::kRows && last->state == entry.state && last->key == entry.key) {
        last->value.back() = ',';
        last->value.append(entry.value, 1);
        last->bytes += entry.bytes;
        return;
      }
      give();
      last = std::move(entry);
    });
    give();
  }
  return go_on;
}

const SavedState::Known* SavedState::find(std::string_view key, const SavedStateFilter& filter) const {
  if (key.size() < kPrefixBytes) return nullptr;
  const auto known = states_.find(big_endian<std::uint32_t>(key.substr(2)));
  if (known == states_.end()) return nullptr;
  return names(filter, *known->second.entry) ? &known->second : nullptr;
}

SavedEntry SavedState::decode(const Known& known, std::string_view key, std::string_view value) {
  SavedEntry entry;
  entry.state = known.entry;
  entry.group = big_endian<KeyGroup>(key);
  entry.bytes = key.size() + value.size();
  if (known.entry->state.name == kPanes)
    entry.pane_end =
        EventTime{static_cast<std::int64_t>(big_endian<std::uint64_t>(key.substr(6)) ^ kSignBit)};
  StateReader user_key(key.substr(kPrefixBytes));
  append_json(entry.key, known.key, user_key);
  if (known.value.kind == Kind::kMap) append_ordered_json(entry.map_key, known.value.parts[0], user_key);
  StateReader in(value);
  append_json(entry.value, known.value, in);
  return entry;
}

}  // namespace weir
