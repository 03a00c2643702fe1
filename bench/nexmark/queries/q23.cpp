// Bids of those who also sell: each bid with its bidder and with each auction that they have opened, in whatever order the three come.

#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q23Row {
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  std::string_view bid_extra;
  std::int64_t person_id;
  std::string_view name;
  std::string_view emailAddress;
  std::string_view creditCard;
  std::string_view city;
  std::string_view state;
  std::string_view person_extra;
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
BOOST_DESCRIBE_STRUCT(Q23Row, (),
                      (bidder, price, channel, url, bid_extra, person_id, name, emailAddress, creditCard,
                       city, state, person_extra, itemName, description, initialBid, reserve,
                       auction_dateTime, expires, seller, category, auction_extra))

/// What the result shows of a bid.
struct BidShown {
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(BidShown, (), (bidder, price, channel, url, extra))

/// A person and one of their auctions.
struct Offer {
  Person person;
  Auction auction;
};
BOOST_DESCRIBE_STRUCT(Offer, (), (person, auction))

Q23Row row(const BidShown& b, const Offer& offer) {
  const Person& p = offer.person;
  const Auction& a = offer.auction;
  return {b.bidder,       b.price,      b.channel,  b.url,     b.extra,  p.id,       p.name,
          p.emailAddress, p.creditCard, p.city,     p.state,   p.extra,  a.itemName, a.description,
          a.initialBid,   a.reserve,    a.dateTime, a.expires, a.seller, a.category, a.extra};
}

struct Offers {
  using Context = weir::KeyedContext<std::int64_t, Offer>;

  weir::ValueState<Person> seller{"seller"};
  weir::ListState<Auction> waiting{"auctions-without-seller"};
  auto states() { return std::tie(seller, waiting); }

  void process_left(const Person& person, Context& context) {
    seller.set(person);
    if (waiting.empty()) return;
    waiting.for_each([&](const Auction& auction, weir::EventTime) { context.emit({person, auction}); });
    waiting.clear();
  }
  void process_right(const Auction& auction, Context& context) {
    if (const Person* person = seller.get()) context.emit({*person, auction});
    else waiting.add(auction);
  }
};

/// All of both sides is kept: each may have partners yet to come.
struct BidsOfSellers {
  using Context = weir::KeyedContext<std::int64_t, Q23Row>;

  weir::ListState<Offer> offers{"offers"};
  weir::ListState<BidShown> bids{"bids"};
  auto states() { return std::tie(offers, bids); }

  void process_left(const Offer& offer, Context& context) {
    bids.for_each([&](const BidShown& bid, weir::EventTime) { context.emit(row(bid, offer)); });
    offers.add(offer);
  }
  void process_right(const BidShown& bid, Context& context) {
    offers.for_each([&](const Offer& offer, weir::EventTime) { context.emit(row(bid, offer)); });
    bids.add(bid);
  }
};

}  // namespace

void q23(weir::Pipeline&, const Events& events) {
  const auto bids_shown = bids(events).map([](const Bid& b) {
    return BidShown{b.bidder, b.price, b.channel, b.url, b.extra};
  });
  persons(events)
      .key_by(&Person::id)
      .connect_with(auctions(events).key_by(&Auction::seller))
      .process<Offer>("offers-of-sellers", Offers{})
      .key_by([](const Offer& offer) { return offer.person.id; })
      .connect_with(bids_shown.key_by(&BidShown::bidder))
      .process<Q23Row>("bids-of-sellers", BidsOfSellers{})
      .sink("results", "print:");
}

}  // namespace nexmark
