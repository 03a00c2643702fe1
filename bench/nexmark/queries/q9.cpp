// Auctions with their winning bids: the highest of those that came while the auction was open, of equal ones the earliest.

#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q9Row {
  std::int64_t id;
  std::string_view itemName;
  std::string_view description;
  std::int64_t initialBid;
  std::int64_t reserve;
  weir::EventTime dateTime;
  weir::EventTime expires;
  std::int64_t seller;
  std::int64_t category;
  std::string_view extra;
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime bid_dateTime;
  std::string_view bid_extra;
};
BOOST_DESCRIBE_STRUCT(Q9Row, (),
                      (id, itemName, description, initialBid, reserve, dateTime, expires, seller, category,
                       extra, auction, bidder, price, bid_dateTime, bid_extra))

Q9Row row(const Auction& a, const Bid& b) {
  return {a.id,       a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller,
          a.category, a.extra,    b.auction,     b.bidder,     b.price,   b.dateTime, b.extra};
}

struct Winner {
  std::int64_t price;
  weir::EventTime time;
};
BOOST_DESCRIBE_STRUCT(Winner, (), (price, time))

/// Of the winning bid only what decides is kept. Bids that came before their auction wait for it.
struct WinningBids {
  using Context = weir::KeyedContext<std::int64_t, Q9Row>;
  weir::ValueState<Auction> auction{"auction"};
  weir::ValueState<Winner> winner{"winning-bid"};
  weir::ListState<Bid> waiting{"bids-without-auction"};
  auto states() { return std::tie(auction, winner, waiting); }

  void process_left(const Auction& opened, Context& context) {
    auction.set(opened);
    if (waiting.empty()) return;
    waiting.for_each([&](const Bid& bid, weir::EventTime) { consider(opened, bid, context); });
    waiting.clear();
  }
  void process_right(const Bid& bid, Context& context) {
    if (const Auction* open = auction.get()) consider(*open, bid, context);
    else waiting.add(bid);
  }

 private:
  void consider(const Auction& open, const Bid& bid, Context& context) {
    if (bid.dateTime < open.dateTime || bid.dateTime > open.expires) return;
    const Winner* before = winner.get();
    if (before && bid.price < before->price) return;
    if (before && bid.price == before->price && bid.dateTime >= before->time) return;
    context.emit(row(open, bid));
    winner.set({bid.price, bid.dateTime});
  }
};

auto winners(const Events& events) {
  return auctions(events)
      .key_by(&Auction::id)
      .connect_with(bids(events).key_by(&Bid::auction))
      .process<Q9Row>("winning-bids", WinningBids{});
}

}  // namespace

void q9(weir::Pipeline&, const Events& events) { winners(events).sink("results", "print:"); }

void q9_changelog(weir::Pipeline&, const Events& events) {
  changelog(winners(events), &Q9Row::id).sink("results", "print:");
}

}  // namespace nexmark
