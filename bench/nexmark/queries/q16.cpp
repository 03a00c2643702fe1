// The statistics of each channel and day: bids, bidders and auctions, in all and by rank, and the minute of the last bid.

#include "../bid_statistics.hpp"
#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q16Row {
  std::string_view channel;
  std::string_view day;
  std::string_view minute;
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
BOOST_DESCRIBE_STRUCT(Q16Row, (),
                      (channel, day, minute, total_bids, rank1_bids, rank2_bids, rank3_bids, total_bidders,
                       rank1_bidders, rank2_bidders, rank3_bidders, total_auctions, rank1_auctions,
                       rank2_auctions, rank3_auctions))

struct ChannelDay {
  std::string_view channel;
  std::int32_t day;
  friend bool operator==(const ChannelDay&, const ChannelDay&) = default;
};
BOOST_DESCRIBE_STRUCT(ChannelDay, (), (channel, day))

/// As the results have it.
struct ChannelOfDay {
  std::string_view channel;
  std::string_view day;
  friend bool operator==(const ChannelOfDay&, const ChannelOfDay&) = default;
};
BOOST_DESCRIBE_STRUCT(ChannelOfDay, (), (channel, day))

auto statistics(const Events& events) {
  return bid_statistics<ChannelDay, Q16Row>(
      events,
      [](const Bid& bid) {
        return ChannelDay{bid.channel, day_of(bid.dateTime)};
      },
      [](const ChannelDay& key, const BidStatistics& s, weir::Arena& arena) {
        const weir::EventTime day = start_of_day(key.day);
        const std::string_view minute = minute_text(day + std::chrono::minutes(s.last_minute), arena);
        return Q16Row{key.channel,      day_text(day, arena), minute,          s.bids.total,
                      s.bids.rank1,     s.bids.rank2,         s.bids.rank3,    s.bidders.total,
                      s.bidders.rank1,  s.bidders.rank2,      s.bidders.rank3, s.auctions.total,
                      s.auctions.rank1, s.auctions.rank2,     s.auctions.rank3};
      });
}

}  // namespace

void q16(weir::Pipeline&, const Events& events) { statistics(events).sink("results", "print:"); }

void q16_changelog(weir::Pipeline&, const Events& events) {
  changelog(statistics(events), [](const Q16Row& row) {
    return ChannelOfDay{row.channel, row.day};
  }).sink("results", "print:");
}

}  // namespace nexmark
