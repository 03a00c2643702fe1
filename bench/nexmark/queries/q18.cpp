// The last bid of each bidder for each auction.

#include "../changelog.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct BidderAuction {
  std::int64_t bidder;
  std::int64_t auction;
  friend bool operator==(const BidderAuction&, const BidderAuction&) = default;
};
BOOST_DESCRIBE_STRUCT(BidderAuction, (), (bidder, auction))

/// Only the time of the last bid needs to be kept. Of bids of one moment the one that comes later is the last.
struct LastBids {
  weir::ValueState<weir::EventTime> last{"last"};
  auto states() { return std::tie(last); }

  void process(const Bid& bid, weir::KeyedContext<BidderAuction, Bid>& context) {
    if (const weir::EventTime* before = last.get(); before && bid.dateTime < *before) return;
    last.set(bid.dateTime);
    context.emit(bid);
  }
};

constexpr auto kBidderAndAuction = [](const Bid& bid) { return BidderAuction{bid.bidder, bid.auction}; };

auto last_bids(const Events& events) {
  return bids(events).key_by(kBidderAndAuction).process<Bid>("last-bids", LastBids{});
}

}  // namespace

void q18(weir::Pipeline&, const Events& events) { last_bids(events).sink("results", "print:"); }

void q18_changelog(weir::Pipeline&, const Events& events) {
  changelog(last_bids(events), kBidderAndAuction).sink("results", "print:");
}

}  // namespace nexmark
