#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/core/key_group.hpp>
#include <weir/core/time.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/window_plan.hpp>

namespace weir::place {

/// As ByKey, with what the rows say already in an accumulator; and where keys repeat, rows of one key and slice are combined in the
/// batch that is being filled, so that a frequent key costs its worker a row a batch. Nothing is kept beyond the batch.
///
/// Combining switches itself: of every kLook + kRest rows, after the first few thousand, the first kLook are looked at, and only
/// where one in kPays of them could be combined the others are, too. Only rows of the newest slice are combined, which are hardly
/// ever late: late rows are to be counted, and emitted, one by one.
template <class Key, class A, class KeyOf>
class ByKeyCombined {
 public:
  using Row = Keyed<Key, typename A::Accumulator>;

  ByKeyCombined(KeyOf key_of, A aggregate, WindowPlan plan)
      : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)), plan_(std::move(plan)) {}

  template <class In>
  void operator()(const In& row, EventTime time, EdgeAppender<Row>& out) {
    Key key = std::invoke(key_of_, row);
    const std::uint64_t hash = hash_key(key);
    if (targets_ == 0) {
      targets_ = out.exchange().targets();
      max_parallelism_ = out.exchange().max_parallelism();
    }
    const std::uint32_t target =
        targets_ == 1 ? 0 : worker_of(key_group_of(hash, max_parallelism_), targets_, max_parallelism_);
    if (--left_ == 0) look_or_rest();
    if (active_) {
      std::uint16_t& place = places_[hash >> kShift];
      RowBatch<Row>& batch = out.open(target);
      if (in_newest_slice(time) && place < batch.size()) {
        Row& there = batch[place];
        const EventTime its_time = batch.times()[place];
        if (there.hash == hash && there.key == key && its_time >= newest_.start && its_time < newest_.end) {
          aggregate_.add(there.value, aggregate_.lift(row));
          ++combined_;
          return;
        }
      }
      place = static_cast<std::uint16_t>(batch.size());
    }
    typename A::Accumulator one{};
    aggregate_.add(one, aggregate_.lift(row));
    out.append(target, Row{hash, std::move(key), std::move(one)}, time);
  }

 private:
  static constexpr std::uint32_t kFirst = 4096;
  static constexpr std::uint32_t kLook = 512;
  static constexpr std::uint32_t kRest = 64 * 1024;
  static constexpr std::uint32_t kPays = 8;
  static constexpr int kPlaceBits = 8;
  static constexpr int kShift = 64 - kPlaceBits;

  void look_or_rest() {
    const bool looked = looking_;
    looking_ = !looking_;
    active_ = looking_ || (looked && combined_ > kLook / kPays);
    left_ = looking_ ? kLook : kRest;
    combined_ = 0;
  }
  bool in_newest_slice(EventTime time) {
    if (time >= newest_.end) newest_ = plan_.slice_of(time);
    return time >= newest_.start;
  }

  KeyOf key_of_;
  A aggregate_;
  WindowPlan plan_;
  std::uint32_t targets_ = 0;
  std::uint32_t max_parallelism_ = 0;
  std::uint32_t left_ = kFirst;
  std::uint32_t combined_ = 0;  ///< rows, in the current stretch
  bool looking_ = false;
  bool active_ = false;
  Window newest_{EventTime::min(), EventTime::min()};
  std::array<std::uint16_t, std::size_t{1} << kPlaceBits> places_{};  ///< in the open batch of a key's target
};

}  // namespace weir::place
