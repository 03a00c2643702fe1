// All bids with their day and minute: the columns by which a log of them is kept in files.

#include "../queries.hpp"
#include "../time_text.hpp"

namespace nexmark {

namespace {

struct Q10Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime dateTime;
  std::string_view extra;
  std::string_view dt;
  std::string_view hm;
};
BOOST_DESCRIBE_STRUCT(Q10Row, (), (auction, bidder, price, dateTime, extra, dt, hm))

}  // namespace

void q10(weir::Pipeline&, const Events& events) {
  bids(events)
      .map([](const Bid& bid, weir::Arena& arena) {
        const std::string_view day = day_text(bid.dateTime, arena), minute = minute_text(bid.dateTime, arena);
        return Q10Row{bid.auction, bid.bidder, bid.price, bid.dateTime, bid.extra, day, minute};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
