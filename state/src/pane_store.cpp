#include <weir/state/pane_entries.hpp>
#include <weir/state/pane_merge.hpp>

namespace weir::detail {

namespace {
constexpr std::size_t kRunBytes = 2;
}

std::string encode_pane_directory(const std::vector<PaneRecord>& panes) {
  std::string bytes;
  for (const PaneRecord& pane : panes) {
    append_number(bytes, pane.end.millis);
    append_number(bytes, pane.next_run);
  }
  return bytes;
}

std::vector<PaneRecord> decode_pane_directory(std::string_view bytes) {
  Arena none;
  StateReader in(bytes, none);
  std::vector<PaneRecord> panes;
  while (!in.at_end()) {
    PaneRecord pane{};
    pane.end.millis = in.number<std::int64_t>();
    pane.next_run = in.number<std::uint16_t>();
    panes.push_back(pane);
  }
  return panes;
}

std::uint64_t pane_namespace(EventTime end) {
  // Flipping the sign bit makes unsigned byte order the order of time.
  return static_cast<std::uint64_t>(end.millis) ^ (std::uint64_t{1} << 63);
}

void append_run(std::string& key, std::uint16_t run) {
  key.push_back(static_cast<char>(run >> 8));
  key.push_back(static_cast<char>(run & 0xff));
}

void drop_pane(StateDelta& delta, KeyGroupRange groups, std::uint32_t operator_id, EventTime end) {
  for (std::uint32_t group = groups.first; group < groups.end; ++group) {
    const std::string prefix = state_prefix(static_cast<KeyGroup>(group), operator_id, pane_namespace(end));
    delta.drop_range(prefix, prefix_end(prefix));
  }
}

bool scan_pane_from(
    const StateTier& tier, KeyGroupRange groups, std::uint32_t operator_id, EventTime end, PaneCursor& cursor,
    const std::function<bool(std::string_view key, std::uint16_t run, std::string_view value)>& take) {
  for (; groups.first + cursor.group < groups.end; ++cursor.group, cursor.name.clear()) {
    const auto group = static_cast<KeyGroup>(groups.first + cursor.group);
    const std::string prefix = state_prefix(group, operator_id, pane_namespace(end));
    const std::string begin = cursor.name.empty() ? prefix : cursor.name;
    const bool through =
        tier.scan_while(begin, prefix_end(prefix), [&](std::string_view name, std::string_view value) {
          const auto byte = [&](std::size_t from_end) {
            return static_cast<std::uint8_t>(name[name.size() - from_end]);
          };
          const auto run = static_cast<std::uint16_t>(byte(2) << 8 | byte(1));
          const std::string_view key = name.substr(prefix.size(), name.size() - prefix.size() - kRunBytes);
          if (take(key, run, value)) return true;
          cursor.name = name;
          return false;
        });
    if (!through) return false;
  }
  return true;
}

void scan_pane(
    const StateTier& tier, KeyGroupRange groups, std::uint32_t operator_id, EventTime end,
    const std::function<void(std::string_view key, std::uint16_t run, std::string_view value)>& visit) {
  PaneCursor all;
  scan_pane_from(tier, groups, operator_id, end, all,
                 [&](std::string_view key, std::uint16_t run, std::string_view value) {
                   visit(key, run, value);
                   return true;
                 });
}

void StoredPane::read() {
  bytes_.clear();
  entries_.clear();
  at_ = 0;
  const KeyGroupRange groups = store_->key_groups();
  through_ =
      runs_ == 0 ||
      scan_pane_from(
          store_->tier(), groups, state_id_, end_, cursor_,
          [&](std::string_view key, std::uint16_t run, std::string_view value) {
            if (run >= runs_) return true;
            if (entries_.size() >= portion_) return false;
            const std::size_t begin = bytes_.size();
            bytes_.append(key).append(value);
            entries_.push_back({groups.first + cursor_.group, begin, begin + key.size(), bytes_.size()});
            return true;
          });
}

}  // namespace weir::detail
