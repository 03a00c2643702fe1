// How many bids each bidder makes in a session: until he has been quiet for ten seconds.

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

struct Q11Row {
  std::int64_t bidder;
  std::int64_t bid_count;
  weir::EventTime starttime;
  weir::EventTime endtime;
};
BOOST_DESCRIBE_STRUCT(Q11Row, (), (bidder, bid_count, starttime, endtime))

}  // namespace

void q11(weir::Pipeline&, const Events& events) {
  bids(events)
      .key_by(&Bid::bidder)
      .window(weir::session(10s))
      .aggregate("bids-of-sessions", weir::count())
      .map([](const auto& session) {
        return Q11Row{session.key, session.value, session.window_start, session.window_end};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
