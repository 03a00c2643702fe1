// Hot items: the auctions with the most bids in the last ten seconds, every two seconds. All that share the first place.

#include <vector>

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr weir::Duration kSize = 10s, kSlide = 2s;

struct Q5Row {
  std::int64_t auction;
  std::int64_t num;
  weir::EventTime starttime;
  weir::EventTime endtime;
};
BOOST_DESCRIBE_STRUCT(Q5Row, (), (auction, num, starttime, endtime))

struct Leaders {
  std::int64_t bids = 0;
  std::vector<std::int64_t> auctions;
};
BOOST_DESCRIBE_STRUCT(Leaders, (), (bids, auctions))

using BidsOfAuction = weir::WindowResult<std::int64_t, std::int64_t>;

struct MostBids {
  using Accumulator = Leaders;
  using Out = Q5Row;
  static constexpr bool kCombines = true;

  BidsOfAuction lift(const BidsOfAuction& counted) const { return counted; }
  void add(Leaders& leaders, const BidsOfAuction& counted) const {
    if (counted.value < leaders.bids) return;
    if (counted.value > leaders.bids) leaders = {counted.value, {}};
    leaders.auctions.push_back(counted.key);
  }
  void merge(Leaders& leaders, const Leaders& other) const {
    if (other.bids < leaders.bids) return;
    if (other.bids > leaders.bids) leaders = {other.bids, {}};
    leaders.auctions.insert(leaders.auctions.end(), other.auctions.begin(), other.auctions.end());
  }
  void emit(weir::EventTime end, const weir::Window&, weir::WindowPane, const Leaders& leaders,
            auto&& collect) const {
    for (const std::int64_t auction : leaders.auctions)
      collect(Q5Row{auction, leaders.bids, end - kSize, end});
  }
};

}  // namespace

void q5(weir::Pipeline&, const Events& events) {
  bids(events)
      .key_by(&Bid::auction)
      .window(weir::sliding(kSize, kSlide))
      .aggregate("bids-of-auctions", weir::count())
      // Counts of one window have its last millisecond as their time.
      .key_by(&BidsOfAuction::window_end)
      .window(weir::tumbling(kSlide))
      .aggregate("most-bids", MostBids{})
      .sink("results", "print:");
}

}  // namespace nexmark
