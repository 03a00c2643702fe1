// The statistics of each day: bids, bidders and auctions, in all and by rank.

#include "../bid_statistics.hpp"
#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q15Row {
  std::string_view day;
  std::int64_t total_bids;
  std::int64_t rank1_bids;
  std::int64_t rank2_bids;
  std::int64_t rank3_bids;
  std::int64_t total_bidders;
  std::int64_t rank1_bidders;
  std::int64_t rank2_bidders;
  std::int64_t rank3_bidders;
  std::int64_t total_auctions;
  std::int64_t rank1_auctions;
  std::int64_t rank2_auctions;
  std::int64_t rank3_auctions;
};
BOOST_DESCRIBE_STRUCT(Q15Row, (),
                      (day, total_bids, rank1_bids, rank2_bids, rank3_bids, total_bidders, rank1_bidders,
                       rank2_bidders, rank3_bidders, total_auctions, rank1_auctions, rank2_auctions,
                       rank3_auctions))

auto statistics(const Events& events) {
  return bid_statistics<std::int32_t, Q15Row>(
      events, [](const Bid& bid) { return day_of(bid.dateTime); },
      [](std::int32_t day, const BidStatistics& s, weir::Arena& arena) {
        return Q15Row{day_text(start_of_day(day), arena),
                      s.bids.total,
                      s.bids.rank1,
                      s.bids.rank2,
                      s.bids.rank3,
                      s.bidders.total,
                      s.bidders.rank1,
                      s.bidders.rank2,
                      s.bidders.rank3,
                      s.auctions.total,
                      s.auctions.rank1,
                      s.auctions.rank2,
                      s.auctions.rank3};
      });
}

}  // namespace

void q15(weir::Pipeline&, const Events& events) { statistics(events).sink("results", "print:"); }

void q15_changelog(weir::Pipeline&, const Events& events) {
  changelog(statistics(events), &Q15Row::day).sink("results", "print:");
}

}  // namespace nexmark
