#pragma once

#include "../money.hpp"
#include "rows.hpp"

#include "../events.hpp"

/// q0, q1 and q2: a row for a bid. As all loops here: `operator()` takes each event in turn, `end()` says that there are no more.
namespace nexmark::by_hand {

template <class Take>
struct AllBids {
  Take& take;
  void operator()(const Event& event, weir::Arena&) {
    if (event.event_type != Event::kBid) return;
    const Bid& bid = *event.bid;
    take(BidRow{bid.auction, bid.bidder, bid.price, bid.dateTime, bid.extra});
  }
  void end() {}
};

template <class Take>
struct Euros {
  Take& take;
  void operator()(const Event& event, weir::Arena& arena) {
    if (event.event_type != Event::kBid) return;
    const Bid& bid = *event.bid;
    take(EuroRow{bid.auction, bid.bidder, decimal_text(euro_thousandths(bid.price), arena), bid.dateTime,
                 bid.extra});
  }
  void end() {}
};

template <class Take>
struct SomeAuctions {
  Take& take;
  void operator()(const Event& event, weir::Arena&) {
    if (event.event_type == Event::kBid && event.bid->auction % 123 == 0)
      take(PriceRow{event.bid->auction, event.bid->price});
  }
  void end() {}
};

}  // namespace nexmark::by_hand
