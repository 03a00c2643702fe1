// Bids for every 123rd auction.

#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q2Row {
  std::int64_t auction;
  std::int64_t price;
};
BOOST_DESCRIBE_STRUCT(Q2Row, (), (auction, price))

}  // namespace

void q2(weir::Pipeline&, const Events& events) {
  bids(events)
      .filter([](const Bid& bid) { return bid.auction % 123 == 0; })
      .map([](const Bid& bid) {
        return Q2Row{bid.auction, bid.price};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
