// Bids with what a side input knows of their auction: a bounded table that every worker holds whole, and that is read before the first bid
// is joined.

#include <string>

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kKeys = 10'000;

struct SideRow {
  std::int64_t key;
  std::string_view value;
};
BOOST_DESCRIBE_STRUCT(SideRow, (), (key, value))

/// What the side input holds where it is not bound to a file: all keys but those that end with 7.
SideRow side_row(std::uint64_t n, std::uint64_t, weir::Arena& arena) {
  const std::uint64_t key = n / 9 * 10 + (n % 9 < 7 ? n % 9 : n % 9 + 1);
  return {static_cast<std::int64_t>(key), arena.copy("side-" + std::to_string(key * 7919 % 10007))};
}

/// The side input has no times. A strategy that knows of none makes the events, which are aligned with it, wait for its end.
struct NoWatermark {
  void observe(weir::EventTime) {}
  weir::EventTime watermark() const { return weir::EventTime::min(); }
};

struct Q13Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime dateTime;
  std::string_view value;
};
BOOST_DESCRIBE_STRUCT(Q13Row, (), (auction, bidder, price, dateTime, value))

}  // namespace

void q13(weir::Pipeline& pipeline, const Events& events) {
  const auto side = pipeline.source<SideRow>("side-input", "generator:?events=9000")
                        .generated_by(side_row)
                        .event_time([](const SideRow&) { return weir::EventTime{}; }, NoWatermark{})
                        .align(1min, "side-input")
                        .key_by(&SideRow::key)
                        .to_table("side-rows");
  Events waiting = events;
  bids(waiting.align(1min, "side-input"))
      .join_global(
          "with-side-input", side, [](const Bid& bid) { return bid.auction % kKeys; },
          [](const Bid& bid, const SideRow& side_input) {
            return Q13Row{bid.auction, bid.bidder, bid.price, bid.dateTime, side_input.value};
          },
          weir::once_complete())
      .sink("results", "print:");
}

}  // namespace nexmark
