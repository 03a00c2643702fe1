// How many bids each bidder makes in ten seconds of the wall clock. The windows are those of the run, the sum of their counts is
// that of the input.

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

struct Q12Row {
  std::int64_t bidder;
  std::int64_t bid_count;
  weir::EventTime starttime;
  weir::EventTime endtime;
};
BOOST_DESCRIBE_STRUCT(Q12Row, (), (bidder, bid_count, starttime, endtime))

}  // namespace

void q12(weir::Pipeline&, const Events& events) {
  bids(events)
      .key_by(&Bid::bidder)
      .window(weir::tumbling_processing_time(10s))
      .aggregate("bids-by-the-clock", weir::count())
      .map([](const auto& window) {
        return Q12Row{window.key, window.value, window.window_start, window.window_end};
      })
      .sink("results", "print:");
}

}  // namespace nexmark
