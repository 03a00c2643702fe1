// The average price at which auctions of each category go, as it changes with every bid that wins.

#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q4Row {
  std::int64_t id;
  std::int64_t final;
};
BOOST_DESCRIBE_STRUCT(Q4Row, (), (id, final))

/// An auction's price has become another; the first time it counts.
struct PriceChange {
  std::int64_t category;
  std::int64_t by;
  bool first;
};
BOOST_DESCRIBE_STRUCT(PriceChange, (), (category, by, first))

struct OpenAuction {
  weir::EventTime dateTime;
  weir::EventTime expires;
  std::int64_t category;
};
BOOST_DESCRIBE_STRUCT(OpenAuction, (), (dateTime, expires, category))

/// Bids that came before their auction wait for it.
struct FinalPrices {
  using Context = weir::KeyedContext<std::int64_t, PriceChange>;

  weir::ValueState<OpenAuction> auction{"auction"};
  weir::ValueState<std::int64_t> price{"price"};
  weir::MapState<weir::EventTime, std::int64_t> waiting{
      "bids-without-auction"};  // the highest of each moment
  auto states() { return std::tie(auction, price, waiting); }

  void process_left(const Auction& opened, Context& context) {
    auction.set({opened.dateTime, opened.expires, opened.category});
    if (waiting.empty()) return;
    waiting.for_each([&](weir::EventTime time, std::int64_t bid) { consider(time, bid, context); });
    waiting.clear();
  }
  void process_right(const Bid& bid, Context& context) {
    if (auction.get()) return consider(bid.dateTime, bid.price, context);
    std::int64_t& highest = waiting.edit(bid.dateTime);
    highest = std::max(highest, bid.price);
  }

 private:
  void consider(weir::EventTime time, std::int64_t bid, Context& context) {
    const OpenAuction& open = *auction.get();
    if (time < open.dateTime || time > open.expires) return;
    const std::int64_t* before = price.get();
    if (before && bid <= *before) return;
    context.emit({open.category, before ? bid - *before : bid, before == nullptr});
    price.set(bid);
  }
};

struct Prices {
  std::int64_t sum = 0;
  std::int64_t auctions = 0;
};
BOOST_DESCRIBE_STRUCT(Prices, (), (sum, auctions))

struct MeanPrices {
  weir::ValueState<Prices> prices{"prices"};
  auto states() { return std::tie(prices); }

  void process(const PriceChange& change, weir::KeyedContext<std::int64_t, Q4Row>& context) {
    Prices& all = prices.edit();
    all.sum += change.by;
    all.auctions += change.first;
    context.emit({context.key(), all.sum / all.auctions});
  }
};

auto mean_prices(const Events& events) {
  return auctions(events)
      .key_by(&Auction::id)
      .connect_with(bids(events).key_by(&Bid::auction))
      .process<PriceChange>("final-prices", FinalPrices{})
      .key_by(&PriceChange::category)
      .process<Q4Row>("mean-prices", MeanPrices{});
}

}  // namespace

void q4(weir::Pipeline&, const Events& events) { mean_prices(events).sink("results", "print:"); }

void q4_changelog(weir::Pipeline&, const Events& events) {
  changelog(mean_prices(events), &Q4Row::id).sink("results", "print:");
}

}  // namespace nexmark
