// Bids with the whole of their auction, for auctions of category 10, whichever comes first, however much later the other.

#include "../queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kCategory = 10;

struct Q20Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  weir::EventTime bid_dateTime;
  std::string_view bid_extra;
  std::string_view itemName;
  std::string_view description;
  std::int64_t initialBid;
  std::int64_t reserve;
  weir::EventTime auction_dateTime;
  weir::EventTime expires;
  std::int64_t seller;
  std::int64_t category;
  std::string_view auction_extra;
};
BOOST_DESCRIBE_STRUCT(Q20Row, (),
                      (auction, bidder, price, channel, url, bid_dateTime, bid_extra, itemName, description,
                       initialBid, reserve, auction_dateTime, expires, seller, category, auction_extra))

Q20Row row(const Bid& b, const Auction& a) {
  return {b.auction,     b.bidder,     b.price,   b.channel,  b.url,     b.dateTime, b.extra,    a.itemName,
          a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller,   a.category, a.extra};
}

/// Bids that came before their auction wait for it. Of an auction of another category nothing but that is kept.
struct BidsWithAuctions {
  using Context = weir::KeyedContext<std::int64_t, Q20Row>;

  weir::ValueState<std::optional<Auction>> auction{"auction"};
  weir::ListState<Bid> waiting{"bids-without-auction"};
  auto states() { return std::tie(auction, waiting); }

  void process_left(const Auction& opened, Context& context) {
    const bool wanted = opened.category == kCategory;
    auction.set(wanted ? std::optional(opened) : std::nullopt);
    if (waiting.empty()) return;
    if (wanted) waiting.for_each([&](const Bid& bid, weir::EventTime) { context.emit(row(bid, opened)); });
    waiting.clear();
  }
  void process_right(const Bid& bid, Context& context) {
    const std::optional<Auction>* known = auction.get();
    if (!known) waiting.add(bid);
    else if (*known) context.emit(row(bid, **known));
  }
};

}  // namespace

void q20(weir::Pipeline&, const Events& events) {
  auctions(events)
      .key_by(&Auction::id)
      .connect_with(bids(events).key_by(&Bid::auction))
      .process<Q20Row>("bids-with-auctions", BidsWithAuctions{})
      .sink("results", "print:");
}

}  // namespace nexmark
