#pragma once

#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "../events.hpp"
#include "rows.hpp"
#include "watermark.hpp"

namespace nexmark::by_hand {

/// q5. Bids are counted by slides of two seconds; the counts of the last five are kept as one table, to which a slide is added when its
/// window fires, and from which it is taken again.
template <class Take>
class HotItems {
 public:
  HotItems(Take& take, weir::Duration delay) : take_(take), watermark_(delay) {}

  void operator()(const Event& event, weir::Arena&) {
    const weir::EventTime time = time_of(event);
    if (event.event_type == Event::kBid) ++slides_.at(time.millis / kSlide)[event.bid->auction];
    fire(watermark_.pass(time));
  }
  void end() { fire(Watermark::kEnd); }

 private:
  static constexpr std::int64_t kSize = 10'000, kSlide = 2'000, kSlides = kSize / kSlide;
  using Counts = boost::unordered_flat_map<std::int64_t, std::int64_t>;

  void fire(std::int64_t watermark) {
    // The next window ends with the slide `next_`.
    while (!slides_.empty()) {
      if (totals_.empty()) next_ = slides_.first();
      if (watermark < (next_ + 1) * kSlide - 1) return;
      if (const Counts* last = slides_.find(next_))
        for (const auto& [auction, bids] : *last) totals_[auction] += bids;
      if (slides_.first() + kSlides <= next_) drop_slide();
      emit();
      ++next_;
      while (totals_.empty() && !slides_.empty() && slides_.first() < next_) slides_.pop();
    }
  }
  void drop_slide() {
    for (const auto& [auction, bids] : slides_.front()) {
      const auto found = totals_.find(auction);
      if ((found->second -= bids) == 0) totals_.erase(found);
    }
    slides_.pop();
  }
  void emit() {
    std::int64_t most = 0;
    for (const auto& [auction, bids] : totals_) {
      if (bids < most) continue;
      if (bids > most) hottest_.clear();
      most = bids;
      hottest_.push_back(auction);
    }
    const weir::EventTime end{(next_ + 1) * kSlide};
    for (const std::int64_t auction : hottest_)
      take_(HotItemRow{auction, most, end - weir::Duration{kSize}, end});
    hottest_.clear();
  }

  Take& take_;
  Watermark watermark_;
  OpenWindows<Counts> slides_;
  Counts totals_;
  std::int64_t next_ = 0;
  std::vector<std::int64_t> hottest_;
};

}  // namespace nexmark::by_hand
