#pragma once

#include <string>
#include <vector>

#include "../events.hpp"
#include "rows.hpp"
#include "watermark.hpp"

namespace nexmark::by_hand {

/// q7. Of each window the highest bids so far, and those at the moment of its end, which belongs to two windows.
template <class Take>
class HighestBids {
 public:
  HighestBids(Take& take, weir::Duration delay) : take_(take), watermark_(delay) {}

  void operator()(const Event& event, weir::Arena&) {
    const weir::EventTime time = time_of(event);
    if (event.event_type == Event::kBid) consider(*event.bid);
    const std::int64_t watermark = watermark_.pass(time);
    if (watermark >= next_) fire(watermark);
  }
  void end() { fire(Watermark::kEnd); }

 private:
  static constexpr std::int64_t kSize = 10'000;
  struct Kept {
    std::int64_t auction, bidder, price;
    weir::EventTime time;
    std::string extra;
  };
  struct Highest {
    std::int64_t price = 0;
    std::vector<Kept> bids;
    std::vector<Kept> at_end;
  };

  static Kept keep(const Bid& bid) {
    return {bid.auction, bid.bidder, bid.price, bid.dateTime, std::string(bid.extra)};
  }
  void consider(const Bid& bid) {
    const std::int64_t number = bid.dateTime.millis / kSize;
    const bool first = windows_.empty();
    Highest& window = windows_.at(number);
    if (first) next_ = (windows_.first() + 1) * kSize;
    if (bid.price >= window.price) {
      if (bid.price > window.price) window.bids.clear();
      window.price = bid.price;
      window.bids.push_back(keep(bid));
    }
    if (bid.dateTime.millis % kSize == 0)
      if (Highest* before = windows_.find(number - 1)) before->at_end.push_back(keep(bid));
  }
  void fire(std::int64_t watermark) {
    for (; !windows_.empty() && watermark >= (windows_.first() + 1) * kSize; windows_.pop()) {
      const Highest& window = windows_.front();
      for (const Kept& bid : window.bids) emit(bid);
      for (const Kept& bid : window.at_end)
        if (bid.price == window.price) emit(bid);
    }
    next_ = windows_.empty() ? Watermark::kEnd : (windows_.first() + 1) * kSize;
  }
  void emit(const Kept& bid) { take_(BidRow{bid.auction, bid.bidder, bid.price, bid.time, bid.extra}); }

  Take& take_;
  Watermark watermark_;
  OpenWindows<Highest> windows_;
  std::int64_t next_ = Watermark::kEnd;
};

}  // namespace nexmark::by_hand
