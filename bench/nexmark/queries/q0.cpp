// All bids as they are: what reading and writing cost.

#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q0Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Q0Row, (), (auction, bidder, price, dateTime, extra))

}  // namespace

void q0(weir::Pipeline&, const Events& events) {
  bids(events)
      .map([](const Bid& bid) {
        return Q0Row{bid.auction, bid.bidder, bid.price, bid.dateTime, bid.extra};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
