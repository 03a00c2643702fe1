// Prices in euros.

#include "../money.hpp"
#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q1Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::string_view price;  // a decimal with three places
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Q1Row, (), (auction, bidder, price, dateTime, extra))

}  // namespace

void q1(weir::Pipeline&, const Events& events) {
  bids(events)
      .map([](const Bid& bid, weir::Arena& arena) {
        const std::string_view euros = decimal_text(euro_thousandths(bid.price), arena);
        return Q1Row{bid.auction, bid.bidder, euros, bid.dateTime, bid.extra};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
