// The highest bids of each ten seconds, and bids as high at the very moment of their end: the window's maximum, joined to the bids by
// `price = maximum AND dateTime BETWEEN start AND end`, where both ends belong to it.

#include <algorithm>
#include <vector>

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr weir::Duration kSize = 10s;

struct Q7Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Q7Row, (), (auction, bidder, price, dateTime, extra))

/// Of the bids at the edge between two windows all are kept, because the highest of each window is not known yet; of the others the highest.
struct Candidates {
  std::int64_t price = 0;  // of those inside
  std::vector<weir::Owned<Q7Row>> inside;
  std::vector<weir::Owned<Q7Row>> edges;
};
BOOST_DESCRIBE_STRUCT(Candidates, (), (price, inside, edges))

struct HighestBids {
  using Accumulator = Candidates;
  using Out = Q7Row;
  static constexpr bool kCombines = true;

  Q7Row lift(const Bid& bid) const { return {bid.auction, bid.bidder, bid.price, bid.dateTime, bid.extra}; }
  void add(Candidates& candidates, const Q7Row& bid) const {
    if (bid.dateTime.millis % kSize.count() == 0) {
      candidates.edges.emplace_back(bid);
    } else if (bid.price >= candidates.price) {
      if (bid.price > candidates.price) candidates.inside.clear();
      candidates.price = bid.price;
      candidates.inside.emplace_back(bid);
    }
  }
  void merge(Candidates& candidates, const Candidates& other) const {
    for (const auto& bid : other.inside) add(candidates, bid.get());
    for (const auto& bid : other.edges) add(candidates, bid.get());
  }
  void emit(int, const weir::Window& window, weir::WindowPane, const Candidates& candidates,
            auto&& collect) const {
    std::int64_t highest = candidates.price;
    for (const auto& bid : candidates.edges)
      if (bid.get().dateTime == window.start) highest = std::max(highest, bid.get().price);
    for (const auto* bids : {&candidates.inside, &candidates.edges})
      for (const auto& bid : *bids)
        if (bid.get().price == highest) collect(bid.get());
  }
};

}  // namespace

void q7(weir::Pipeline&, const Events& events) {
  bids(events)
      .key_by([](const Bid&) { return 0; })
      // A millisecond longer than their distance: a window sees the first moment of the next one.
      .window(weir::sliding(kSize + 1ms, kSize))
      .aggregate("highest-bids", HighestBids{})
      .sink("results", "print:");
}

}  // namespace nexmark
