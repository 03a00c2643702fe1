#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <weir/weir.hpp>

/// The model of Nexmark, an auction house: people register, open auctions and bid. Fields as in nexmark-flink's generator.
namespace nexmark {

struct Person {
  std::int64_t id;
  std::string_view name;
  std::string_view emailAddress;
  std::string_view creditCard;
  std::string_view city;
  std::string_view state;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Person, (), (id, name, emailAddress, creditCard, city, state, dateTime, extra))

struct Auction {
  std::int64_t id;
  std::string_view itemName;
  std::string_view description;
  std::int64_t initialBid;
  std::int64_t reserve;
  weir::EventTime dateTime;
  weir::EventTime expires;
  std::int64_t seller;
  std::int64_t category;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Auction, (),
                      (id, itemName, description, initialBid, reserve, dateTime, expires, seller, category,
                       extra))

struct Bid {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view url;
  weir::EventTime dateTime;
  std::string_view extra;
};
BOOST_DESCRIBE_STRUCT(Bid, (), (auction, bidder, price, channel, url, dateTime, extra))

/// One line of the input: {"event_type":2,"bid":{…}}. Exactly the member that `event_type` names is there; the bid comes first
/// in memory because 46 events of 50 are bids.
struct Event {
  static constexpr std::int32_t kPerson = 0, kAuction = 1, kBid = 2;

  std::int32_t event_type;
  std::optional<Bid> bid;
  std::optional<Auction> auction;
  std::optional<Person> person;
};
BOOST_DESCRIBE_STRUCT(Event, (), (event_type, bid, auction, person))

inline weir::EventTime time_of(const Event& event) {
  if (event.event_type == Event::kBid) return event.bid->dateTime;
  return event.event_type == Event::kAuction ? event.auction->dateTime : event.person->dateTime;
}

/// All events, in the order of their coming, with one watermark for the three kinds.
using Events = weir::SourceStream<Event>;

inline auto persons(const Events& events) {
  return events.filter([](const Event& e) { return e.event_type == Event::kPerson; })
      .map([](const Event& e) -> const Person& { return *e.person; });
}
inline auto auctions(const Events& events) {
  return events.filter([](const Event& e) { return e.event_type == Event::kAuction; })
      .map([](const Event& e) -> const Auction& { return *e.auction; });
}
inline auto bids(const Events& events) {
  return events.filter([](const Event& e) { return e.event_type == Event::kBid; })
      .map([](const Event& e) -> const Bid& { return *e.bid; });
}

}  // namespace nexmark
