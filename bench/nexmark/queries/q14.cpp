// Bids in a range of prices in euros, with the time of day and a number of letters: what calculating costs.

#include <algorithm>

#include "../money.hpp"
#include "../queries.hpp"
#include "../time_text.hpp"

namespace nexmark {

namespace {

struct Q14Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::string_view price;  // a decimal with three places
  std::string_view bidTimeType;
  weir::EventTime dateTime;
  std::string_view extra;
  std::int64_t c_counts;
};
BOOST_DESCRIBE_STRUCT(Q14Row, (), (auction, bidder, price, bidTimeType, dateTime, extra, c_counts))

std::string_view kind_of_time(weir::EventTime time) {
  const int hour = hour_of_day(time);
  if (hour >= 8 && hour <= 18) return "dayTime";
  return hour <= 6 || hour >= 20 ? "nightTime" : "otherTime";
}

}  // namespace

void q14(weir::Pipeline&, const Events& events) {
  bids(events)
      .flat_map<Q14Row>([](const Bid& bid, auto&& collect, weir::Arena& arena) {
        const std::int64_t price = euro_thousandths(bid.price);
        if (price <= 1'000'000'000 || price >= 50'000'000'000) return;
        collect(Q14Row{bid.auction, bid.bidder, decimal_text(price, arena), kind_of_time(bid.dateTime),
                       bid.dateTime, bid.extra, std::count(bid.extra.begin(), bid.extra.end(), 'c')});
      })
      .sink("results", "print:");
}

}  // namespace nexmark
