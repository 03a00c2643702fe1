#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/expiry_sweep.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/stamped.hpp>

namespace weir {

/// A key with its hash, as a process function's states see it.
template <class Key>
struct KeyRef {
  std::uint64_t hash = 0;
  Key key{};
};

namespace detail {

/// A state of some kind for whatever key is current. Derived classes know the key's type.
template <class Object>
class StateCell {
 public:
  virtual ~StateCell() = default;
  virtual const Object* find() = 0;
  virtual Object* edit_if() = 0;
  virtual Object& edit() = 0;
  /// To add to it without reading it.
  virtual Object& edit_unread() = 0;
  virtual void erase() = 0;
};

/// A state whose entries have times. Who uses it passes over what has expired; what nobody uses is swept.
template <class Object>
class ExpiringCell : public StateCell<Object>, public Sweepable {
 public:
  explicit ExpiringCell(const Expiry& expiry) : expiry_(expiry) {}
  Expiry& expiry() override { return expiry_; }

 protected:
  Expiry expiry_;
};

/// `Cell` is StateCell or ExpiringCell.
template <class Key, class Object, class Cell>
class KeyedCell : public Cell {
 public:
  template <class... CellArguments>
  KeyedCell(OperatorStates& states, const std::string& name, const KeyRef<Key>& current,
            const CellArguments&... arguments)
      : Cell(arguments...), table_(states, name), current_(current) {}
  const Object* find() override { return table_.find(current_.hash, current_.key); }
  Object* edit_if() override { return table_.edit_if(current_.hash, current_.key); }
  Object& edit() override { return table_.edit(current_.hash, current_.key); }
  Object& edit_unread() override {
    if constexpr (AddsUnread<Object>) return table_.edit_unread(current_.hash, current_.key);
    else return edit();
  }
  void erase() override { table_.erase(current_.hash, current_.key); }
  void fetch(const std::vector<KeyRef<Key>>& keys) { table_.fetch(keys); }

 protected:
  KeyedTable<Key, Object> table_;

 private:
  const KeyRef<Key>& current_;
};

template <class Key, class Object>
using PlainKeyedCell = KeyedCell<Key, Object, StateCell<Object>>;

/// Sweeps what is in memory, then what the tier has besides.
template <class Key, class Object>
class ExpiringKeyedCell final : public KeyedCell<Key, Object, ExpiringCell<Object>> {
 public:
  ExpiringKeyedCell(OperatorStates& states, const std::string& name, const KeyRef<Key>& current,
                    const Expiry& expiry)
      : KeyedCell<Key, Object, ExpiringCell<Object>>(states, name, current, expiry) {
    if constexpr (kBeginsWithTime<Object>) this->table_.expire_by(this->expiry_);
  }

  bool sweep(std::size_t entries) override {
    horizon_ = this->expiry_.horizon();
    if (!in_tier_) {
      if (!sweep_memory(entries)) return false;
      if (this->table_.complete()) return true;
      in_tier_ = true;
      return false;
    }
    in_tier_ = !sweep_tier(entries / kTierEntryCost);
    return !in_tier_;
  }

 private:
  /// True when it came to the end.
  bool sweep_memory(std::size_t entries) {
    for (std::size_t looked = 0; looked < entries; looked += kSlotsAtOnce / 16) {
      TableCursor next = hand_;
      const bool through =
          this->table_.for_each_from(next, kSlotsAtOnce, [&](const Key& key, const Object& object) {
            looked += entries_of(object);
            if (needs_sweep(object, horizon_)) found_.emplace_back(key);
          });
      if (!found_.empty()) {
        clean_found();  // which may move others here: the walk goes on from the same place
        continue;
      }
      hand_ = next;
      if (through) return true;
    }
    return false;
  }
  bool sweep_tier(std::size_t entries) {
    const bool through = this->table_.scan_tier(
        cursor_, entries, [&](const Key& key, std::string_view, std::string_view value) {
          if (!entry_needs_sweep(value)) return;
          if (found_.empty() || !(found_.back().get() == key)) found_.emplace_back(key);
        });
    // Objects in memory are newer, and were looked at; but of a list it may have only what was added.
    if constexpr (!AddsUnread<Object>)
      std::erase_if(found_, [this](const Owned<Key>& key) {
        return this->table_.in_memory(hash_key(key.get()), key.get());
      });
    if constexpr (kExpiresWhole<Object>) this->table_.fetch(refs(found_));  // in one read
    clean_found();
    return through;
  }
  bool entry_needs_sweep(std::string_view value) const {
    StateReader in(value);
    if constexpr (kBeginsWithTime<Object>) {
      const EventTime written{in.template number<std::int64_t>()};
      return written <= horizon_ || written == EventTime::min();
    } else {
      Object part;
      part.load(std::string(sizeof(std::uint64_t), '\0'), value);
      return needs_sweep(part, horizon_);
    }
  }
  static std::vector<KeyRef<Key>> refs(const std::vector<Owned<Key>>& keys) {
    std::vector<KeyRef<Key>> refs;
    for (const Owned<Key>& key : keys) refs.push_back({hash_key(key.get()), key.get()});
    return refs;
  }
  void clean_found() {
    for (const Owned<Key>& owned : found_) {
      const std::uint64_t hash = hash_key(owned.get());
      Object* object = this->table_.edit_if(hash, owned.get());
      if (object && weir::sweep(*object, horizon_, this->expiry_.now()))
        this->table_.erase(hash, owned.get());
    }
    found_.clear();
  }

  static constexpr std::size_t kSlotsAtOnce = 256;
  static constexpr std::size_t kTierEntryCost = 8;  ///< times one in memory, about

  EventTime horizon_ = EventTime::min();
  TableCursor hand_;  ///< in the table
  bool in_tier_ = false;
  typename KeyedTable<Key, Object>::TierCursor cursor_;
  std::vector<Owned<Key>> found_;
};

}  // namespace detail

/// Reads ahead what a batch of keys will need of a state.
template <class Key>
using StateFetch = std::function<void(const std::vector<KeyRef<Key>>&)>;

/// Common to the states of a process function: a name, perhaps a time to live, and, once its function runs, the place of the current
/// key's object. A member of the function, listed by its `states()`; used in its calls only. The name is what a restore finds it by.
/// `Object` is what is kept of a key, `Expiring` the same where each entry has a time.
template <class Object, class Expiring>
class KeyedState {
 public:
  explicit KeyedState(std::string name, std::optional<StateTtl> ttl = std::nullopt)
      : name_(std::move(name)), ttl_(ttl) {}
  const std::string& name() const { return name_; }
  const std::optional<StateTtl>& time_to_live() const { return ttl_; }

  /// Ties the state to an operator's tables, its current key and clock. For operators.
  template <class Key>
  StateFetch<Key> bind(OperatorStates& states, const KeyRef<Key>& current, StateClock& clock,
                       ExpirySweep& sweep) {
    if (!ttl_) {
      auto cell = std::make_shared<detail::PlainKeyedCell<Key, Object>>(states, name_, current);
      cell_ = cell;
      return [cell](const std::vector<KeyRef<Key>>& keys) { cell->fetch(keys); };
    }
    auto cell = std::make_shared<detail::ExpiringKeyedCell<Key, Expiring>>(states, name_, current,
                                                                           Expiry(*ttl_, clock));
    expiring_ = cell;
    sweep.add(cell);
    return [cell](const std::vector<KeyRef<Key>>& keys) { cell->fetch(keys); };
  }

 protected:
  bool expires() const { return ttl_.has_value(); }
  detail::StateCell<Object>& cell() const {
    WEIR_ASSERT(cell_, "a state is used while its function runs, and is listed in its states()");
    return *cell_;
  }
  detail::ExpiringCell<Expiring>& expiring() const {
    WEIR_ASSERT(expiring_, "a state is used while its function runs, and is listed in its states()");
    return *expiring_;
  }
  bool is_over(EventTime written) const { return expiring().expiry().is_over(written); }
  EventTime written_at() const { return expiring().expiry().written_at(); }
  /// Whether a read of what was written at that time is to be noted.
  bool refreshes(EventTime written) const {
    return ttl_->reads_refresh() && written != expiring().expiry().written_at();
  }
  /// How a value is written, as a type.
  std::string entry_type(const std::string& value) const {
    return ttl_ ? expiring_type(ttl_->clock(), value) : value;
  }

 private:
  std::string name_;
  std::optional<StateTtl> ttl_;
  std::shared_ptr<detail::StateCell<Object>> cell_;
  std::shared_ptr<detail::ExpiringCell<Expiring>> expiring_;
};

}  // namespace weir
