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
#include <weir/state/pane_entries.hpp>
#include <weir/state/pane_merge.hpp>
#include <weir/state/pane_table.hpp>
#include <weir/state/store.hpp>

namespace weir {

/// A pane: the accumulators of all keys in one span of event time, kept together because they fire and go together.
template <class Key, class Accumulator>
struct Pane {
  Pane(EventTime pane_end, PaneTable<Key, Accumulator> empty) : end(pane_end), table(std::move(empty)) {}

  EventTime end;
  PaneTable<Key, Accumulator> table;
  ArenaRef text = ArenaRef::make();  ///< of keys; what is sealed shares it
  std::size_t owned_bytes = 0;       ///< what accumulators own outside of the table, as far as it was told
  std::size_t charged = 0;           ///< to the worker's account
  std::uint16_t run = 0;             ///< number under which entries of `table` are written
  bool cold = false;                 ///< the tier holds runs 0 .. run-1 that are not in `table`
  bool written = false;              ///< the tier holds something of this pane
  bool rewrite = false;              ///< what the tier holds is replaced by `table` at the next seal
  std::size_t sealed_as = 0;         ///< where the seal that is being copied keeps it

  std::size_t bytes() const { return table.bytes() + text->allocated_bytes() + owned_bytes; }
};

/// The keyed state of a window operator on one worker: panes of live accumulators in front of the worker's tier.
///
/// A pane over the memory budget goes down as one sorted run and starts anew in memory; because accumulators combine, an
/// update never has to read. The runs of a pane are merged, in one sequential pass, when it fires. A pane that is dropped
/// is dropped whole. One thread; `merge` combines two accumulators of a key.
template <class Key, class Accumulator, class Merge>
class PaneStore {
 public:
  using PaneType = Pane<Key, Accumulator>;
  using Panes = std::map<EventTime, std::unique_ptr<PaneType>>;
  using Slot = typename PaneTable<Key, Accumulator>::Slot;

  PaneStore(StateStore& store, std::string_view operator_name, std::uint32_t max_parallelism, Merge merge)
      : store_(store),
        state_id_(state_id(operator_name, "panes")),
        max_parallelism_(max_parallelism),
        merge_(std::move(merge)) {}
  ~PaneStore() {
    for (const auto& [end, pane] : panes_) charge(*pane, 0);
    for (const auto& pane : retired_) charge(*pane, 0);
  }
  PaneStore(const PaneStore&) = delete;
  PaneStore& operator=(const PaneStore&) = delete;

  /// Takes over panes of a checkpoint; their content stays in the tier until it is needed.
  void restore(const std::vector<std::string>& directories) {
    for (const std::string& bytes : directories) {
      for (const detail::PaneRecord& record : detail::decode_pane_directory(bytes)) {
        PaneType& pane = this->pane(record.end);
        pane.run = std::max(pane.run, record.next_run);
        pane.cold = pane.written = true;
      }
    }
  }

  /// The pane that ends at `end`; made when it is not there.
  PaneType& pane(EventTime end) {
    auto [it, added] = panes_.try_emplace(end);
    if (added) {
      it->second = std::make_unique<PaneType>(end, empty_table());
      // The tier still holds what was dropped since the last seal: it goes with the first thing written of this pane.
      if (const auto dropped = std::find(dropped_.begin(), dropped_.end(), end); dropped != dropped_.end()) {
        dropped_.erase(dropped);
        it->second->rewrite = it->second->written = true;
      }
      charge(*it->second, it->second->bytes());
    }
    return *it->second;
  }
  PaneType* find(EventTime end) {
    const auto it = panes_.find(end);
    return it == panes_.end() ? nullptr : it->second.get();
  }
  /// Panes by end; earliest first.
  const Panes& panes() const { return panes_; }

  /// The accumulator of `key` in `pane`, and whether memory had none; then it is made from `init`.
  std::pair<Accumulator&, bool> upsert(PaneType& pane, std::uint64_t hash, const Key& key,
                                       const Accumulator& init) {
    auto result = pane.table.upsert(
        hash, key,
        [&] {
          Key own = key;
          if constexpr (kHoldsViews<Key>) own_text(own, *pane.text);
          return std::pair<Key, Accumulator>(std::move(own), init);
        },
        [&](const Slot& slot) { copy(pane, slot); });
    if (result.second) charge(pane, pane.bytes());
    return result;
  }
  /// Changes all accumulators of `pane` that are in memory: change(slot).
  template <class Change>
  void update_each(PaneType& pane, Change&& change) {
    pane.table.update_each(change, [&](const Slot& slot) { copy(pane, slot); });
  }
  /// An accumulator of `pane` owns so many bytes more.
  void grew(PaneType& pane, std::ptrdiff_t bytes) {
    pane.owned_bytes += static_cast<std::size_t>(bytes);
    charge(pane, pane.bytes());
  }

  /// Visits every part of the accumulator of `key` in `pane`, in memory and in the tier; they are to be merged. Changes nothing.
  template <class Visit>
  void parts(const PaneType& pane, std::uint64_t hash, const Key& key, Visit&& visit) const {
    if (const Slot* slot = pane.table.find(hash, key)) visit(slot->value);
    if (!pane.cold) return;
    std::vector<std::string> names;
    detail::PaneEntryKeys<Key> keys(state_id_, pane.end, max_parallelism_);
    for (std::uint16_t run = 0; run < pane.run; ++run) names.push_back(keys.of(key, run));
    for (const std::optional<std::string>& value : store_.tier().multi_get(names)) {
      if (!value) continue;
      StateReader reader(*value, *pane.text);
      visit(StateCodec<Accumulator>::decode(reader));
    }
  }

  /// Brings all of a pane into memory. Call before its accumulators are taken for whole.
  void warm(PaneType& pane) {
    if (!pane.cold) return;
    // One run and nothing else: what is in memory afterwards is what the tier holds, so it need not be written again.
    const bool same = pane.run == 1 && pane.table.size() == 0;
    detail::scan_pane(store_.tier(), store_.key_groups(), state_id_, pane.end,
                      [&](std::string_view key, std::uint16_t run, std::string_view value) {
                        if (run < pane.run) take_in(pane, key, value);
                      });
    pane.cold = false;
    pane.run = 0;
    if (same) {
      pane.table.mark_all_clean();
    } else {
      pane.rewrite = true;
      pane.table.mark_all_dirty();
    }
    charge(pane, pane.bytes());
  }

  /// Where a walk over a pane has come.
  struct Walk {
    detail::PaneCursor tier;
    bool in_memory = false;            ///< the tier's entries are done with
    std::vector<const Slot*> visited;  ///< in memory, with what the tier had of them
    TableCursor next;                  ///< in memory
  };
  /// Visits every key of a pane once, with all parts of its accumulator merged, holding one at a time: those that the tier knows in the
  /// order of the tier, then the others. Stops when visit(hash, key, accumulator) returns false; goes on behind that key. True: it has come
  /// to the end. Nothing of the pane may change in between.
  template <class Visit>
  bool walk(const PaneType& pane, Walk& at, Visit&& visit) const {
    if (!at.in_memory) {
      if (pane.cold && !walk_tier(pane, at, visit)) return false;
      at.in_memory = true;
      std::sort(at.visited.begin(), at.visited.end());
    }
    while (!pane.table.at_end(at.next)) {
      const Slot* slot = pane.table.slot(at.next);
      pane.table.advance(at.next);
      if (!slot || std::binary_search(at.visited.begin(), at.visited.end(), slot)) continue;
      if (!visit(slot->hash, slot->key, slot->value)) return false;
    }
    return true;
  }

  using Merging = PaneMerge<Key, PaneType, Accumulator, Merge>;
  /// To visit the keys of the panes that end in (begin, end] as those of one pane; what memory has of these goes to the tier before, unless a snapshot
  /// is being written.
  Merging merging(EventTime begin, EventTime end) {
    std::vector<const PaneType*> panes;
    for (auto it = panes_.upper_bound(begin); it != panes_.end() && it->first <= end; ++it) {
      if (!store_.snapshot_in_flight()) spill(*it->second);
      panes.push_back(it->second.get());
    }
    return Merging(store_, state_id_, max_parallelism_, panes, merge_);
  }

  void drop(EventTime end) {
    const auto it = panes_.find(end);
    WEIR_ASSERT(it != panes_.end(), "only panes that exist are dropped");
    std::unique_ptr<PaneType> pane = std::move(it->second);
    panes_.erase(it);
    if (pane->written || pane->table.sealing()) dropped_.push_back(end);
    if (changes_) retired_.push_back(std::move(pane));  // the barrier may need it yet
    else recycle(*pane);
  }

  /// Bytes of live objects, about.
  std::size_t memory_bytes() const { return held_; }

  /// Moves panes into the tier until `excess` bytes are free: first those that end at `settled` or before, which only late rows
  /// still change, then the others; of both the latest first, since it is needed again last. Nothing happens while a snapshot is
  /// being written, since it would become part of it.
  void spill(std::size_t excess, EventTime settled) {
    if (excess == 0 || store_.snapshot_in_flight()) return;
    const std::size_t goal = held_ > excess ? held_ - excess : 0;
    const auto unsettled = panes_.upper_bound(settled);
    for (auto it = unsettled; it != panes_.begin() && held_ > goal;) spill(*(--it)->second);
    for (auto it = panes_.end(); it != unsettled && held_ > goal;) spill(*(--it)->second);
  }

  /// The same, of what the worker has too much.
  void spill_excess(EventTime settled) { spill(store_.excess_bytes(), settled); }

  /// What changed since the last seal, which is copied little by little (SealedState::proceed); and the directory that restore() takes.
  std::unique_ptr<SealedState> seal(std::string& directory) {
    WEIR_ASSERT(!changes_, "a barrier comes when the one before is done with");
    changes_ = std::make_shared<Changes>();
    changes_->dropped = std::exchange(dropped_, {});
    std::vector<detail::PaneRecord> records;
    for (auto& [end, pane] : panes_) {
      if (std::exchange(pane->rewrite, false)) changes_->dropped.push_back(end);
      pane->table.begin_seal();
      pane->sealed_as = changes_->panes.size();
      changes_->panes.push_back({end, pane->run, kHoldsViews<Key> ? pane->text : ArenaRef(), {}});
      to_copy_.push_back(pane.get());
      records.push_back({end, static_cast<std::uint16_t>(pane->run + 1)});
    }
    directory = detail::encode_pane_directory(records);
    store_.snapshot_begun();
    return std::make_unique<Sealed>(*this, changes_);
  }

 private:
  using Changes = detail::PaneChanges<Key, Accumulator>;
  static constexpr std::size_t kEntriesAPortion = 4096;

  class Sealed final : public SealedEntries {
   public:
    Sealed(PaneStore& store, std::shared_ptr<Changes> changes)
        : store_(store),
          changes_(std::move(changes)),
          operator_id_(store.state_id_),
          max_parallelism_(store.max_parallelism_),
          groups_(store.store_.key_groups()) {}
    bool proceed() override { return store_.copy_some(kEntriesAPortion); }
    void write(StateDelta& delta) const override {
      changes_->write(delta, operator_id_, max_parallelism_, groups_);
    }

   private:
    PaneStore& store_;  ///< while there is something to copy
    const std::shared_ptr<Changes> changes_;
    const std::uint32_t operator_id_;
    const std::uint32_t max_parallelism_;
    const KeyGroupRange groups_;
  };

  PaneTable<Key, Accumulator> empty_table() {
    if (spare_.empty()) return PaneTable<Key, Accumulator>(state_id_);
    PaneTable<Key, Accumulator> table = std::move(spare_.back());
    spare_.pop_back();
    return table;
  }
  void recycle(PaneType& pane) {
    charge(pane, 0);
    pane.table.clear();
    if (spare_.size() < kSpareTables) spare_.push_back(std::move(pane.table));
  }

  /// What the barrier is to hold of a slot.
  void copy(PaneType& pane, const Slot& slot) {
    changes_->panes[pane.sealed_as].entries.emplace_back(slot.key, slot.value);
    pane.written = true;
  }
  bool copy_some(std::size_t entries) {
    if (!changes_) return true;
    while (!to_copy_.empty()) {
      PaneType& pane = *to_copy_.back();
      std::size_t copied = 0;
      const bool all = pane.table.seal_some(entries, [&](const Slot& slot) {
        copy(pane, slot);
        ++copied;
      });
      if (!all) return false;
      to_copy_.pop_back();
      entries -= std::min(entries, copied + 1);
      if (entries == 0 && !to_copy_.empty()) return false;
    }
    for (const auto& pane : std::exchange(retired_, {})) recycle(*pane);
    changes_.reset();
    return true;
  }

  void charge(PaneType& pane, std::size_t bytes) {
    const auto more = static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(pane.charged);
    if (more == 0) return;
    pane.charged = bytes;
    held_ += static_cast<std::size_t>(more);
    store_.charge(more);
  }

  void take_in(PaneType& pane, std::string_view key, std::string_view value) {
    StateReader key_reader(key, *pane.text);
    StateReader value_reader(value, *pane.text);
    Key own = StateCodec<Key>::decode(key_reader);
    Accumulator kept = StateCodec<Accumulator>::decode(value_reader);
    const std::uint64_t hash = hash_key(own);
    auto [accumulator, added] = pane.table.upsert(
        hash, own, [&] { return std::pair<Key, Accumulator>(std::move(own), std::move(kept)); },
        [&](const Slot& slot) { copy(pane, slot); });
    if (!added) merge_(accumulator, kept);
  }

  /// The runs of a key lie side by side: its parts are merged before the next key's come.
  template <class Visit>
  bool walk_tier(const PaneType& pane, Walk& at, Visit& visit) const {
    std::string encoded;
    std::optional<Accumulator> whole;
    const auto pass_on = [&] {
      StateReader reader(encoded);
      const Key key = StateCodec<Key>::decode(reader);
      const std::uint64_t hash = hash_key(key);
      if (const Slot* slot = pane.table.find(hash, key)) {
        merge_(*whole, slot->value);
        at.visited.push_back(slot);
      }
      const bool go_on = visit(hash, key, std::as_const(*whole));
      whole.reset();
      return go_on;
    };
    const bool through =
        detail::scan_pane_from(store_.tier(), store_.key_groups(), state_id_, pane.end, at.tier,
                               [&](std::string_view key, std::uint16_t run, std::string_view value) {
                                 if (run >= pane.run)
                                   return true;  // of what is in memory, as it was at the last barrier
                                 if (whole && key != encoded && !pass_on()) return false;
                                 StateReader reader(value);
                                 Accumulator part = StateCodec<Accumulator>::decode(reader);
                                 if (whole) {
                                   merge_(*whole, part);
                                 } else {
                                   encoded = key;
                                   whole = std::move(part);
                                 }
                                 return true;
                               });
    return through && (!whole || pass_on());
  }

  /// What was sealed under this run is in the tier already.
  void spill(PaneType& pane) {
    if (pane.table.size() == 0) return;
    StateDelta delta;
    if (std::exchange(pane.rewrite, false))
      detail::drop_pane(delta, store_.key_groups(), state_id_, pane.end);
    detail::PaneEntryKeys<Key> keys(state_id_, pane.end, max_parallelism_);
    std::string value;
    pane.table.take_dirty([&](const Slot& slot) {
      value.clear();
      StateCodec<Accumulator>::encode(value, slot.value);
      delta.put(keys.of(slot.key, pane.run), value);
    });
    if (!delta.empty()) {
      delta.sort();
      store_.tier().apply(delta);
    }
    pane.table.release();
    pane.text = ArenaRef::make();
    pane.owned_bytes = 0;
    pane.cold = pane.written = true;
    ++pane.run;
    WEIR_ASSERT(pane.run < 65535, "a pane spills fewer than 65535 times");
    charge(pane, pane.bytes());
  }

  StateStore& store_;
  const std::uint32_t state_id_;
  const std::uint32_t max_parallelism_;
  Merge merge_;
  Panes panes_;
  static constexpr std::size_t kSpareTables = 4;
  std::vector<PaneTable<Key, Accumulator>> spare_;
  std::vector<EventTime> dropped_;                  ///< since the last seal
  std::shared_ptr<Changes> changes_;                ///< null when all that was sealed is copied
  std::vector<PaneType*> to_copy_;                  ///< of changes_
  std::vector<std::unique_ptr<PaneType>> retired_;  ///< dropped while changes_ were copied
  std::size_t held_ = 0;
};

}  // namespace weir
