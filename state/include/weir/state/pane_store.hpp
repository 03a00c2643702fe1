#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/assert.hpp>
#include <weir/core/hash.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/pane_table.hpp>
#include <weir/state/store.hpp>

namespace weir {

/// A pane: the accumulators of all keys in one span of event time, kept together because they fire and go together.
template <class Key, class Accumulator>
struct Pane {
  EventTime end;
  PaneTable<Key, Accumulator> table;
  ArenaRef text;          ///< of keys; sealed deltas share it
  std::uint16_t run = 0;  ///< number under which entries of `table` are written
  bool cold = false;      ///< the tier holds runs 0 .. run-1 that are not in `table`
  bool written = false;   ///< the tier holds something of this pane
  bool rewrite = false;   ///< what the tier holds is replaced by `table` at the next seal
  bool fired = false;
};

namespace detail {

/// The part of a pane store that knows no types: names of entries in the tier, and the directory of panes.
struct PaneRecord {
  EventTime end;
  std::uint16_t next_run;
  bool fired;
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

}  // namespace detail

/// The keyed state of a window operator on one worker: panes of live accumulators in front of the worker's tier.
///
/// A pane over the memory budget goes down as one sorted run and starts anew in memory; because accumulators combine, an
/// update never has to read. The runs of a pane are merged, in one sequential pass, when it fires. A pane that is dropped
/// is dropped whole. One thread; `merge` combines two accumulators of a key.
template <class Key, class Accumulator, class Merge>
class PaneStore {
 public:
  using PaneType = Pane<Key, Accumulator>;

  PaneStore(StateStore& store, std::string_view operator_name, std::uint32_t max_parallelism, Merge merge)
      : store_(store),
        operator_id_(operator_id(operator_name)),
        max_parallelism_(max_parallelism),
        merge_(std::move(merge)) {}

  /// Takes over panes of a checkpoint; their content stays in the tier until it is needed.
  void restore(const std::vector<std::string>& directories) {
    for (const std::string& bytes : directories) {
      for (const detail::PaneRecord& record : detail::decode_pane_directory(bytes)) {
        PaneType& pane = this->pane(record.end);
        pane.run = std::max(pane.run, record.next_run);
        pane.cold = pane.written = true;
        pane.fired = pane.fired || record.fired;
      }
    }
  }

  /// The pane that ends at `end`; made when it is not there.
  PaneType& pane(EventTime end) {
    auto [it, added] = panes_.try_emplace(end);
    if (added) {
      it->second = std::make_unique<PaneType>();
      it->second->end = end;
      it->second->text = ArenaRef::make();
      // The tier still holds what was dropped since the last seal: it goes with the first thing written of this pane.
      if (const auto dropped = std::find(dropped_.begin(), dropped_.end(), end); dropped != dropped_.end()) {
        dropped_.erase(dropped);
        it->second->rewrite = it->second->written = true;
      }
      if (!spare_.empty()) {
        it->second->table = std::move(spare_.back());
        spare_.pop_back();
      }
    }
    return *it->second;
  }
  PaneType* find(EventTime end) {
    const auto it = panes_.find(end);
    return it == panes_.end() ? nullptr : it->second.get();
  }
  /// Panes by end; earliest first.
  const std::map<EventTime, std::unique_ptr<PaneType>>& panes() const { return panes_; }

  /// The accumulator of `key` in `pane`, new from `init` if there is none in memory.
  Accumulator& at(PaneType& pane, std::uint64_t hash, const Key& key, const Accumulator& init) {
    return pane.table
        .upsert(hash, key,
                [&] {
                  Key own = key;
                  if constexpr (kHoldsViews<Key>) own_text(own, *pane.text);
                  return std::pair<Key, Accumulator>(std::move(own), init);
                })
        .first;
  }

  /// Brings all of a pane into memory. Call before its accumulators are taken for whole.
  void warm(PaneType& pane) {
    if (!pane.cold) return;
    detail::scan_pane(store_.tier(), store_.key_groups(), operator_id_, pane.end,
                      [&](std::string_view key, std::uint16_t run, std::string_view value) {
                        if (run >= pane.run) return;  // written at a barrier, and still in the table
                        StateReader key_reader(key, *pane.text);
                        StateReader value_reader(value, *pane.text);
                        Key own = StateCodec<Key>::decode(key_reader);
                        Accumulator kept = StateCodec<Accumulator>::decode(value_reader);
                        const std::uint64_t hash = hash_key(own);
                        auto [accumulator, added] = pane.table.upsert(hash, own, [&] {
                          return std::pair<Key, Accumulator>(std::move(own), std::move(kept));
                        });
                        if (!added) merge_(accumulator, kept);
                      });
    pane.cold = false;
    pane.rewrite = true;
    pane.run = 0;
    pane.table.mark_all_dirty();
  }

  void drop(EventTime end) {
    const auto it = panes_.find(end);
    WEIR_ASSERT(it != panes_.end(), "only panes that exist are dropped");
    if (it->second->written) dropped_.push_back(end);
    it->second->table.clear();
    if (spare_.size() < 4) spare_.push_back(std::move(it->second->table));
    panes_.erase(it);
  }

  /// Bytes of live objects, about.
  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [end, pane] : panes_) bytes += pane->table.bytes() + pane->text->allocated_bytes();
    return bytes;
  }

  /// Moves panes into the tier, the last to fire first, until the rest fits `budget`. Nothing happens while a snapshot
  /// is being written, since it would become part of it.
  void spill_beyond(std::size_t budget) {
    std::size_t held = memory_bytes();
    for (auto it = panes_.rbegin(); it != panes_.rend() && held > budget && !store_.snapshot_in_flight();
         ++it) {
      PaneType& pane = *it->second;
      if (pane.table.size() == 0 || pane.fired) continue;
      held -= pane.table.bytes() + pane.text->allocated_bytes();
      spill(pane);
    }
  }

  /// What changed since the last seal, as copies; and the directory that restore() takes.
  std::unique_ptr<SealedState> seal(std::string& directory) {
    auto sealed = std::make_unique<Sealed>();
    sealed->operator_id = operator_id_;
    sealed->max_parallelism = max_parallelism_;
    sealed->groups = store_.key_groups();
    sealed->dropped = std::exchange(dropped_, {});
    std::vector<detail::PaneRecord> records;
    for (auto& [end, pane] : panes_) {
      seal_pane(*pane, *sealed);
      records.push_back({end, static_cast<std::uint16_t>(pane->run + 1), pane->fired});
    }
    directory = detail::encode_pane_directory(records);
    store_.snapshot_begun();
    return sealed;
  }

 private:
  using Slot = typename PaneTable<Key, Accumulator>::Slot;

  struct SealedPane {
    EventTime end;
    std::uint16_t run;
    ArenaRef text;  ///< keeps what the keys point to
    std::vector<std::pair<Key, Accumulator>> entries;
  };

  struct Sealed final : SealedEntries {
    std::uint32_t operator_id;
    std::uint32_t max_parallelism;
    KeyGroupRange groups;
    std::vector<EventTime> dropped;
    std::vector<SealedPane> panes;

    void write(StateDelta& delta) const override {
      for (const EventTime end : dropped) detail::drop_pane(delta, groups, operator_id, end);
      std::string value;
      for (const SealedPane& pane : panes) {
        EntryKeys keys(operator_id, pane.end, pane.run, max_parallelism);
        for (const auto& [key, accumulator] : pane.entries) {
          value.clear();
          StateCodec<Accumulator>::encode(value, accumulator);
          delta.put(keys.of(key), value);
        }
      }
    }
  };

  /// Builds the tier's names of a pane's entries in one buffer.
  class EntryKeys {
   public:
    EntryKeys(std::uint32_t operator_id, EventTime end, std::uint16_t run, std::uint32_t max_parallelism)
        : buffer_(state_prefix(0, operator_id, detail::pane_namespace(end))),
          prefix_bytes_(buffer_.size()),
          run_(run),
          max_parallelism_(max_parallelism) {}
    const std::string& of(const Key& key) {
      buffer_.resize(prefix_bytes_);
      const KeyGroup group = key_group_of(hash_key(key), max_parallelism_);
      buffer_[0] = static_cast<char>(group >> 8);
      buffer_[1] = static_cast<char>(group & 0xff);
      StateCodec<Key>::encode(buffer_, key);
      detail::append_run(buffer_, run_);
      return buffer_;
    }

   private:
    std::string buffer_;
    const std::size_t prefix_bytes_;
    const std::uint16_t run_;
    const std::uint32_t max_parallelism_;
  };

  void seal_pane(PaneType& pane, Sealed& sealed) {
    if (std::exchange(pane.rewrite, false)) sealed.dropped.push_back(pane.end);
    if (!pane.table.any_dirty()) return;
    SealedPane& copy = sealed.panes.emplace_back();
    copy.end = pane.end;
    copy.run = pane.run;
    if constexpr (kHoldsViews<Key>) copy.text = pane.text;
    pane.table.take_dirty([&](const Slot& slot) { copy.entries.emplace_back(slot.key, slot.value); });
    pane.written = true;
  }

  void spill(PaneType& pane) {
    StateDelta delta;
    if (std::exchange(pane.rewrite, false))
      detail::drop_pane(delta, store_.key_groups(), operator_id_, pane.end);
    EntryKeys keys(operator_id_, pane.end, pane.run, max_parallelism_);
    std::string value;
    pane.table.for_each([&](const Slot& slot) {
      value.clear();
      StateCodec<Accumulator>::encode(value, slot.value);
      delta.put(keys.of(slot.key), value);
    });
    delta.sort();
    store_.tier().apply(delta);
    pane.table = {};
    pane.text = ArenaRef::make();
    pane.cold = pane.written = true;
    ++pane.run;
    WEIR_ASSERT(pane.run < 65535, "a pane spills fewer than 65535 times");
  }

  StateStore& store_;
  const std::uint32_t operator_id_;
  const std::uint32_t max_parallelism_;
  Merge merge_;
  std::map<EventTime, std::unique_ptr<PaneType>> panes_;
  std::vector<PaneTable<Key, Accumulator>> spare_;
  std::vector<EventTime> dropped_;  ///< since the last seal
};

}  // namespace weir
