// The ten highest bids of each auction, with their ranks.

#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q19Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  weir::EventTime dateTime;
  std::string_view extra;
  std::int64_t rank_number;
};
BOOST_DESCRIBE_STRUCT(Q19Row, (), (auction, bidder, price, channel, url, dateTime, extra, rank_number))

using Change = weir::TopChange<Bid>;

struct Rank {
  std::int64_t auction;
  std::int64_t number;
  friend bool operator==(const Rank&, const Rank&) = default;
};
BOOST_DESCRIBE_STRUCT(Rank, (), (auction, number))

auto highest_bids(const Events& events) {
  return bids(events)
      .key_by(&Bid::auction)
      .top_n("highest-bids", weir::top(10, &Bid::price).upserts())
      .map([](const Change& change) {
        const Bid& bid = change.row;
        return Q19Row{bid.auction, bid.bidder,   bid.price, bid.channel,
                      bid.url,     bid.dateTime, bid.extra, change.rank};
      });
}

}  // namespace

void q19(weir::Pipeline&, const Events& events) { highest_bids(events).sink("results", "print:"); }

void q19_changelog(weir::Pipeline&, const Events& events) {
  changelog(highest_bids(events), [](const Q19Row& row) {
    return Rank{row.auction, row.rank_number};
  }).sink("results", "print:");
}

}  // namespace nexmark
