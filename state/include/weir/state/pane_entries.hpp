#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/hash.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/store.hpp>

namespace weir::detail {

/// The part of a pane store that knows no types: names of entries in the tier, and the directory of panes.
struct PaneRecord {
  EventTime end;
  std::uint16_t next_run;
};
std::string encode_pane_directory(const std::vector<PaneRecord>& panes);
/// Throws FailJob(kStateUnusable).
std::vector<PaneRecord> decode_pane_directory(std::string_view bytes);
std::uint64_t pane_namespace(EventTime end);
void append_run(std::string& key, std::uint16_t run);
void drop_pane(StateDelta& delta, KeyGroupRange groups, std::uint32_t operator_id, EventTime end);
void scan_pane(
    const StateTier& tier, KeyGroupRange groups, std::uint32_t operator_id, EventTime end,
    const std::function<void(std::string_view key, std::uint16_t run, std::string_view value)>& visit);
/// Where a walk over a pane's entries has come: a key group, and the entry to go on with.
struct PaneCursor {
  std::uint32_t group = 0;  ///< counted from the worker's first
  std::string name;         ///< empty: the group's first entry
};
/// The same walk in portions, from `cursor` on: ends before an entry that `visit` does not take. True: all were visited.
bool scan_pane_from(
    const StateTier& tier, KeyGroupRange groups, std::uint32_t operator_id, EventTime end, PaneCursor& cursor,
    const std::function<bool(std::string_view key, std::uint16_t run, std::string_view value)>& take);

/// Builds the tier's names of a pane's entries in one buffer.
template <class Key>
class PaneEntryKeys {
 public:
  PaneEntryKeys(std::uint32_t operator_id, EventTime end, std::uint32_t max_parallelism)
      : buffer_(state_prefix(0, operator_id, pane_namespace(end))),
        prefix_bytes_(buffer_.size()),
        max_parallelism_(max_parallelism) {}
  const std::string& of(const Key& key, std::uint16_t run) {
    buffer_.resize(prefix_bytes_);
    const KeyGroup group = key_group_of(hash_key(key), max_parallelism_);
    buffer_[0] = static_cast<char>(group >> 8);
    buffer_[1] = static_cast<char>(group & 0xff);
    StateCodec<Key>::encode(buffer_, key);
    append_run(buffer_, run);
    return buffer_;
  }

 private:
  std::string buffer_;
  const std::size_t prefix_bytes_;
  const std::uint32_t max_parallelism_;
};

/// What changed in the panes of one operator since the last seal: copies, written behind.
template <class Key, class Accumulator>
struct PaneChanges {
  struct Changed {
    EventTime end;
    std::uint16_t run;
    ArenaRef text;  ///< keeps what the keys point to
    std::vector<std::pair<Key, Accumulator>> entries;
  };
  std::vector<EventTime> dropped;
  std::vector<Changed> panes;

  void write(StateDelta& delta, std::uint32_t operator_id, std::uint32_t max_parallelism,
             KeyGroupRange groups) const {
    for (const EventTime end : dropped) drop_pane(delta, groups, operator_id, end);
    std::string value;
    for (const Changed& pane : panes) {
      PaneEntryKeys<Key> keys(operator_id, pane.end, max_parallelism);
      for (const auto& [key, accumulator] : pane.entries) {
        value.clear();
        StateCodec<Accumulator>::encode(value, accumulator);
        delta.put(keys.of(key, pane.run), value);
      }
    }
  }
};

}  // namespace weir::detail
