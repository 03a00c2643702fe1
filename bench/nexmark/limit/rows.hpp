#pragma once

#include <cstdint>
#include <string_view>

#include <boost/describe.hpp>

#include <weir/core/time.hpp>

/// The rows of the results, with the columns that the queries give them.
namespace nexmark::by_hand {

struct BidRow {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(BidRow, (), (auction, bidder, price, dateTime, extra))

struct EuroRow {
  std::int64_t auction;
  std::int64_t bidder;
  std::string_view price;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(EuroRow, (), (auction, bidder, price, dateTime, extra))

struct PriceRow {
  std::int64_t auction;
  std::int64_t price;
};
BOOST_DESCRIBE_STRUCT(PriceRow, (), (auction, price))

struct HotItemRow {
  std::int64_t auction;
  std::int64_t num;
  weir::EventTime starttime;
  weir::EventTime endtime;
};
BOOST_DESCRIBE_STRUCT(HotItemRow, (), (auction, num, starttime, endtime))

struct NewcomerRow {
  std::int64_t id;
  std::string_view name;
  weir::EventTime starttime;
};
BOOST_DESCRIBE_STRUCT(NewcomerRow, (), (id, name, starttime))

struct SessionRow {
  std::int64_t bidder;
  std::int64_t bid_count;
  weir::EventTime starttime;
  weir::EventTime endtime;
};
BOOST_DESCRIBE_STRUCT(SessionRow, (), (bidder, bid_count, starttime, endtime))

}  // namespace nexmark::by_hand
