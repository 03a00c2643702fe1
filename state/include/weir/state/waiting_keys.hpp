#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <weir/core/time.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/timer_place.hpp>

namespace weir {

/// Keys that wait for their times, in memory as far as there is room for them. The times are kept in the state; what is here only says who is next.
/// While the worker's memory is short and these take more than their share of it, the latest are let go of, and from the earliest of those, the
/// *horizon*, on, whatever is pushed is left to the state. When time reaches the horizon, the state is walked for those who are next.
///
/// `Queue` is a TimerQueue or a TimerWheel of WaitingKey<Key>. One thread.
template <class Key, template <class> class Queue>
class WaitingKeys final : public StateTable {
 public:
  explicit WaitingKeys(OperatorStates& states) : states_(states) { states_.add(*this); }
  WaitingKeys(const WaitingKeys&) = delete;
  WaitingKeys& operator=(const WaitingKeys&) = delete;
  ~WaitingKeys() override {
    states_.store().charge(-static_cast<std::ptrdiff_t>(charged_));
    states_.remove(*this);
  }

  /// The time must be in the state, if not at once, then before this is walked.
  void push(EventTime time, std::uint64_t hash, const Key& key) {
    if (horizon_ && TimerPlace{time, hash} >= *horizon_) return;
    Owned<Key> owner(key);
    text_ += owner.heap_bytes();
    queue_.push(time, {hash, std::move(owner)});
    if (++unsettled_ == kUnsettled) settle();
  }
  /// When somebody may be due; EventTime::max(): nobody is.
  EventTime next() const { return horizon_ ? std::min(queue_.next(), horizon_->time) : queue_.next(); }
  /// Takes out up to `most` that are due at `until`, earliest first as far as the queue promises it: take(time, hash, owner).
  template <class Take>
  void pop(EventTime until, std::size_t most, Take&& take) {
    queue_.pop(until, most, [&](auto entry) {
      text_ -= entry.what.owner.heap_bytes();
      take(entry.time, entry.what.hash, std::move(entry.what.owner));
    });
  }
  /// Nobody else is due at `until` here, but perhaps in the state: after pop() gave nothing.
  bool must_walk(EventTime until) const { return horizon_ && horizon_->time <= until; }
  /// Takes in who is next: walk(visit) calls visit(time, hash, key) for all times of the state. Requires: nobody waits here.
  template <class Walk>
  void take_in(Walk&& walk) {
    horizon_.reset();
    walk([this](EventTime time, std::uint64_t hash, const Key& key) { push(time, hash, key); });
    settle();
  }

  void begin_seal() override {}
  bool seal_some(std::size_t, StateDelta&) override { return true; }
  void settle() override {
    unsettled_ = 0;
    recharge();
    StateStore& store = states_.store();
    const std::size_t share = store.memory_bytes() / kShare;
    if (charged_ <= share || store.excess_bytes() == 0) return;
    // A quarter less, so that this happens once for many that are pushed.
    const double part = 0.75 * static_cast<double>(share) / static_cast<double>(charged_);
    const auto keep = static_cast<std::size_t>(static_cast<double>(queue_.size()) * part);
    const auto earliest = queue_.let_go(
        std::max(kFewest, keep), [this](const auto& entry) { text_ -= entry.what.owner.heap_bytes(); });
    if (earliest) horizon_ = earliest;
    recharge();
  }
  std::size_t evict(std::size_t, StateDelta&) override { return 0; }

 private:
  static constexpr std::size_t kShare = 4;  ///< this part of the worker's memory stays in any case
  static constexpr std::size_t kFewest = 8;
  static constexpr std::size_t kUnsettled = 1024;

  void recharge() {
    const std::size_t bytes = queue_.bytes() + text_;
    if (bytes == charged_) return;
    states_.store().charge(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(charged_));
    charged_ = bytes;
  }

  OperatorStates& states_;
  Queue<WaitingKey<Key>> queue_;
  std::optional<TimerPlace> horizon_;  ///< who stands here or later may be in the state alone
  std::size_t text_ = 0;               ///< bytes of keys' text
  std::size_t charged_ = 0;
  std::size_t unsettled_ = 0;  ///< pushed since
};

}  // namespace weir
