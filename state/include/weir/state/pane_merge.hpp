#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/pane_entries.hpp>
#include <weir/state/store.hpp>

namespace weir {

namespace detail {

/// By key group, then by the key's bytes: the order of the tier, of every pane.
struct PanePlace {
  std::uint32_t group;
  std::string_view key;  ///< encoded
  friend auto operator<=>(const PanePlace&, const PanePlace&) = default;
};

/// What the tier has of a pane, in order, read in portions.
class StoredPane {
 public:
  StoredPane(const StateStore& store, std::uint32_t state_id, EventTime end, std::uint16_t runs,
             std::size_t portion)
      : store_(&store), state_id_(state_id), end_(end), runs_(runs), portion_(portion) {}

  /// False: there is nothing left.
  bool ready() {
    if (at_ == entries_.size() && !through_) read();
    return at_ < entries_.size();
  }
  void next() { ++at_; }
  PanePlace place() const {
    const Entry& entry = entries_[at_];
    return {entry.group, std::string_view(bytes_).substr(entry.key, entry.value - entry.key)};
  }
  std::string_view value() const {
    const Entry& entry = entries_[at_];
    return std::string_view(bytes_).substr(entry.value, entry.end - entry.value);
  }

 private:
  struct Entry {
    std::uint32_t group;
    std::size_t key, value, end;  ///< where in bytes_
  };
  void read();

  const StateStore* store_;
  std::uint32_t state_id_;
  EventTime end_;
  std::uint16_t runs_;  ///< of what is in memory the tier has what was there at the last barrier
  std::size_t portion_;
  PaneCursor cursor_;
  bool through_ = false;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::size_t at_ = 0;
};

/// What memory has of a pane, in the same order.
template <class Key, class Slot>
class LivePane {
 public:
  template <class Table>
  LivePane(const Table& table, std::uint32_t max_parallelism) {
    places_.reserve(table.size());
    table.for_each([&](const Slot& slot) {
      encode(slot);
      std::uint64_t beginning = 0;
      for (std::size_t i = 0; i < sizeof beginning; ++i)
        beginning = beginning << 8 | (i < key_.size() ? static_cast<std::uint8_t>(key_[i]) : 0U);
      places_.push_back({key_group_of(hash_key(slot.key), max_parallelism), beginning, &slot});
    });
    std::string other;
    std::sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
      if (a.group != b.group) return a.group < b.group;
      if (a.beginning != b.beginning) return a.beginning < b.beginning;
      encode(*a.slot);
      other.clear();
      StateCodec<Key>::encode(other, b.slot->key);
      return key_ < other;
    });
    if (!places_.empty()) encode(*places_.front().slot);
  }

  bool ready() const { return at_ < places_.size(); }
  void next() {
    if (++at_ < places_.size()) encode(*places_[at_].slot);
  }
  PanePlace place() const { return {places_[at_].group, key_}; }
  const Slot& slot() const { return *places_[at_].slot; }

 private:
  struct Place {
    std::uint32_t group;
    std::uint64_t beginning;  ///< of the encoded key: most comparisons end here
    const Slot* slot;
  };
  void encode(const Slot& slot) {
    key_.clear();
    StateCodec<Key>::encode(key_, slot.key);
  }

  std::vector<Place> places_;
  std::size_t at_ = 0;
  std::string key_;  ///< of the slot at at_
};

}  // namespace detail

/// Several panes as if they were one: visits every key once, with all that the panes have of it merged, earlier panes first, holding one key at a time and a
/// portion of what each pane has in the tier. What is in memory is gone through in the order of the tier, which takes some bytes a
/// key: spill first where that is possible.
///
/// Nothing of the panes may change meanwhile. `PaneType` is a Pane, `Merge` that of its PaneStore.
template <class Key, class PaneType, class Accumulator, class Merge>
class PaneMerge {
 public:
  PaneMerge(const StateStore& store, std::uint32_t state_id, std::uint32_t max_parallelism,
            const std::vector<const PaneType*>& panes, const Merge& merge)
      : merge_(merge) {
    const std::size_t portion = std::clamp(kPortions / (panes.size() + 1), kSmallest, kLargest);
    for (const PaneType* pane : panes) {
      parts_.push_back({{store, state_id, pane->end, pane->cold ? pane->run : std::uint16_t{0}, portion},
                        Live(pane->table, max_parallelism)});
    }
    for (std::size_t n = 0; n < 2 * parts_.size(); ++n) enter(n);
  }

  /// Stops when visit(hash, key, accumulator) returns false, and goes on behind that key when called again. True: it has come to the end.
  template <class Visit>
  bool run(Visit&& visit) {
    std::string key_bytes;
    while (!waiting_.empty()) {
      const detail::PanePlace first = place(waiting_.front());
      key_bytes = first.key;
      const detail::PanePlace current{first.group, key_bytes};
      std::optional<Accumulator> whole;
      while (!waiting_.empty() && place(waiting_.front()) == current) take_first(whole);
      StateReader reader(key_bytes);
      const Key key = StateCodec<Key>::decode(reader);
      if (!visit(hash_key(key), key, std::as_const(*whole))) return false;
    }
    return true;
  }

 private:
  using Slot = typename decltype(PaneType::table)::Slot;
  using Live = detail::LivePane<Key, Slot>;
  static constexpr std::size_t kPortions = 8192;  ///< entries, of all panes
  static constexpr std::size_t kSmallest = 16, kLargest = 512;
  struct Part {
    detail::StoredPane stored;
    Live live;
  };

  // Number 2n is what the tier has of pane n, 2n + 1 what memory has.
  detail::PanePlace place(std::size_t number) const {
    const Part& part = parts_[number / 2];
    return number % 2 ? part.live.place() : part.stored.place();
  }
  /// The first of the heap is the greatest.
  auto later() const {
    return [this](std::size_t a, std::size_t b) {
      const auto order = place(a) <=> place(b);
      return order != 0 ? order > 0 : a > b;
    };
  }
  void enter(std::size_t number) {
    Part& part = parts_[number / 2];
    if (!(number % 2 ? part.live.ready() : part.stored.ready())) return;
    waiting_.push_back(number);
    std::push_heap(waiting_.begin(), waiting_.end(), later());
  }
  void take_first(std::optional<Accumulator>& whole) {
    std::pop_heap(waiting_.begin(), waiting_.end(), later());
    const std::size_t number = waiting_.back();
    waiting_.pop_back();
    Part& part = parts_[number / 2];
    if (number % 2) {
      add(whole, part.live.slot().value);
      part.live.next();
    } else {
      StateReader reader(part.stored.value());
      add(whole, StateCodec<Accumulator>::decode(reader));
      part.stored.next();
    }
    enter(number);
  }
  template <class Value>
  void add(std::optional<Accumulator>& whole, Value&& value) {
    if (whole) merge_(*whole, value);
    else whole.emplace(std::forward<Value>(value));
  }

  const Merge& merge_;
  std::vector<Part> parts_;
  std::vector<std::size_t> waiting_;  ///< numbers, as a heap
};

}  // namespace weir
