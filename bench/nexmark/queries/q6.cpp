// The average price of each seller's last ten auctions that have closed, at every one that closes with a valid bid. Auctions count in the order
// of their closing, those of one moment in the order of their ids.

#include <algorithm>

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLast = 10;

struct Q6Row {
  std::int64_t seller;
  std::int64_t price;
};
BOOST_DESCRIBE_STRUCT(Q6Row, (), (seller, price))

struct Sale {
  std::int64_t seller;
  weir::EventTime closed;
  std::int64_t auction;
  std::int64_t price;
};
BOOST_DESCRIBE_STRUCT(Sale, (), (seller, closed, auction, price))

struct Open {
  weir::EventTime dateTime;
  weir::EventTime expires;
  std::int64_t seller;
};
BOOST_DESCRIBE_STRUCT(Open, (), (dateTime, expires, seller))

struct Prices {
  std::vector<std::int64_t> last;  // the oldest first
};
BOOST_DESCRIBE_STRUCT(Prices, (), (last))

/// An auction closes when the watermark has passed its last moment. Until then its bids are kept as far as they may win.
struct Closing {
  using Context = weir::KeyedContext<std::int64_t, Sale>;
  weir::ValueState<Open> auction{"auction"};
  weir::MapState<weir::EventTime, std::int64_t> highest{"bids"};  // of each moment
  auto states() { return std::tie(auction, highest); }

  void process_left(const Auction& opened, Context& context) {
    auction.set({opened.dateTime, opened.expires, opened.seller});
    context.set_timer(opened.expires);
  }
  void process_right(const Bid& bid, Context&) {
    std::int64_t& price = highest.edit(bid.dateTime);
    price = std::max(price, bid.price);
  }
  void on_timer(weir::EventTime, Context& context) {
    const Open open = *auction.get();
    std::int64_t price = 0;
    highest.for_range(open.dateTime, open.expires + 1ms,
                      [&](weir::EventTime, std::int64_t bid) { price = std::max(price, bid); });
    if (price > 0) context.emit({open.seller, open.expires, context.key(), price});
    auction.clear();
    highest.clear();
  }
};

/// Sales come from several workers: they are put into order until the watermark has passed them.
struct LastSales {
  using Context = weir::KeyedContext<std::int64_t, Q6Row>;
  weir::ValueState<Prices> prices{"prices"};
  weir::ListState<Sale> sales{"sales-to-come"};
  auto states() { return std::tie(prices, sales); }

  void process(const Sale& sale, Context& context) {
    sales.add(sale, sale.closed);
    context.set_timer(sale.closed);
  }
  void on_timer(weir::EventTime time, Context& context) {
    std::vector<Sale> due;
    sales.keep_if([&](const Sale& sale, weir::EventTime closed) {
      if (closed == time) due.push_back(sale);
      return closed != time;
    });
    std::sort(due.begin(), due.end(), [](const Sale& a, const Sale& b) { return a.auction < b.auction; });
    for (const Sale& sale : due) context.emit({context.key(), mean_with(sale.price)});
  }

 private:
  std::int64_t mean_with(std::int64_t price) {
    std::vector<std::int64_t>& last = prices.edit().last;
    if (last.size() == kLast) last.erase(last.begin());
    last.push_back(price);
    std::int64_t sum = 0;
    for (const std::int64_t each : last) sum += each;
    return sum / static_cast<std::int64_t>(last.size());
  }
};

}  // namespace

void q6(weir::Pipeline&, const Events& events) {
  auctions(events)
      .key_by(&Auction::id)
      .connect_with(bids(events).key_by(&Bid::auction))
      .process<Sale>("closing-auctions", Closing{})
      .key_by(&Sale::seller)
      .process<Q6Row>("last-sales", LastSales{})
      .sink("results", "print:");
}

}  // namespace nexmark
