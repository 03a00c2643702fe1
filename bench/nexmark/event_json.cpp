#include <fmt/compile.h>
#include <fmt/format.h>

#include "generator.hpp"

namespace nexmark {

namespace {

void append(std::string& out, const Person& p) {
  fmt::format_to(std::back_inserter(out),
                 FMT_COMPILE(R"("person":{{"id":{},"name":"{}","emailAddress":"{}","creditCard":"{}",)"
                             R"("city":"{}","state":"{}","dateTime":{},"extra":"{}"}})"),
                 p.id, p.name, p.emailAddress, p.creditCard, p.city, p.state, p.dateTime.millis, p.extra);
}

void append(std::string& out, const Auction& a) {
  fmt::format_to(
      std::back_inserter(out),
      FMT_COMPILE(R"("auction":{{"id":{},"itemName":"{}","description":"{}","initialBid":{},"reserve":{},)"
                  R"("dateTime":{},"expires":{},"seller":{},"category":{},"extra":"{}"}})"),
      a.id, a.itemName, a.description, a.initialBid, a.reserve, a.dateTime.millis, a.expires.millis, a.seller,
      a.category, a.extra);
}

void append(std::string& out, const Bid& b) {
  fmt::format_to(std::back_inserter(out),
                 FMT_COMPILE(R"("bid":{{"auction":{},"bidder":{},"price":{},"channel":"{}","url":"{}",)"
                             R"("dateTime":{},"extra":"{}"}})"),
                 b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime.millis, b.extra);
}

}  // namespace

void append_json(std::string& out, const Event& event) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(R"({{"event_type":{},)"), event.event_type);
  if (event.bid) append(out, *event.bid);
  if (event.auction) append(out, *event.auction);
  if (event.person) append(out, *event.person);
  out += '}';
}

}  // namespace nexmark
