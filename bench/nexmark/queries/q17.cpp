// The day of each auction: how many bids of which rank, and their prices.

#include <algorithm>

#include "../bid_rank.hpp"
#include "../changelog.hpp"
#include "../queries.hpp"
#include "../time_text.hpp"

namespace nexmark {

namespace {

struct Q17Row {
  std::int64_t auction;
  std::string_view day;
  std::int64_t total_bids;
  std::int64_t rank1_bids;
  std::int64_t rank2_bids;
  std::int64_t rank3_bids;
  std::int64_t min_price;
  std::int64_t max_price;
  std::int64_t avg_price;
  std::int64_t sum_price;
};
BOOST_DESCRIBE_STRUCT(Q17Row, (),
                      (auction, day, total_bids, rank1_bids, rank2_bids, rank3_bids, min_price, max_price,
                       avg_price, sum_price))

struct AuctionDay {
  std::int64_t auction;
  std::int32_t day;
  friend bool operator==(const AuctionDay&, const AuctionDay&) = default;
};
BOOST_DESCRIBE_STRUCT(AuctionDay, (), (auction, day))

struct Prices {
  std::int64_t rank1 = 0;
  std::int64_t rank2 = 0;
  std::int64_t rank3 = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(Prices, (), (rank1, rank2, rank3, min, max, sum))

struct PricesOfDay {
  weir::ValueState<Prices> prices{"prices"};
  auto states() { return std::tie(prices); }

  void process(const Bid& bid, weir::KeyedContext<AuctionDay, Q17Row>& context) {
    Prices& p = prices.edit();
    const bool first = p.max == 0;
    (&p.rank1)[rank_of(bid.price)] += 1;
    p.min = first ? bid.price : std::min(p.min, bid.price);
    p.max = std::max(p.max, bid.price);
    p.sum += bid.price;
    const std::int64_t total = p.rank1 + p.rank2 + p.rank3;
    const std::string_view day = day_text(start_of_day(context.key().day), context.arena());
    context.emit({bid.auction, day, total, p.rank1, p.rank2, p.rank3, p.min, p.max, p.sum / total, p.sum});
  }
};

/// As the results have it.
struct AuctionOfDay {
  std::int64_t auction;
  std::string_view day;
  friend bool operator==(const AuctionOfDay&, const AuctionOfDay&) = default;
};
BOOST_DESCRIBE_STRUCT(AuctionOfDay, (), (auction, day))

auto prices(const Events& events) {
  return bids(events)
      .key_by([](const Bid& bid) {
        return AuctionDay{bid.auction, day_of(bid.dateTime)};
      })
      .process<Q17Row>("prices-of-days", PricesOfDay{});
}

}  // namespace

void q17(weir::Pipeline&, const Events& events) { prices(events).sink("results", "print:"); }

void q17_changelog(weir::Pipeline&, const Events& events) {
  changelog(prices(events), [](const Q17Row& row) {
    return AuctionOfDay{row.auction, row.day};
  }).sink("results", "print:");
}

}  // namespace nexmark
