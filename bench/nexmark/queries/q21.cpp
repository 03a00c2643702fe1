// Bids with the number of their channel: known ones by name, others by what their address says. Bids with neither are dropped.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "../queries.hpp"

namespace nexmark {

namespace {

struct Q21Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  std::string_view channel_id;
};
BOOST_DESCRIBE_STRUCT(Q21Row, (), (auction, bidder, price, channel, channel_id))

bool equal_but_for_case(std::string_view text, std::string_view lower) {
  const auto equal = [](char c, char l) { return (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) == l; };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), equal);
}

/// The second group of (&|^)channel_id=([^&]*)
std::optional<std::string_view> channel_id_in(std::string_view url) {
  constexpr std::string_view kName = "channel_id=";
  for (std::size_t at = url.find(kName); at != std::string_view::npos; at = url.find(kName, at + 1)) {
    if (at > 0 && url[at - 1] != '&') continue;
    const std::string_view value = url.substr(at + kName.size());
    return value.substr(0, value.find('&'));
  }
  return std::nullopt;
}

std::optional<std::string_view> channel_id(const Bid& bid) {
  using Known = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Known, 4> kKnown{
      Known{"apple", "0"}, {"google", "1"}, {"facebook", "2"}, {"baidu", "3"}};
  for (const auto& [name, id] : kKnown)
    if (equal_but_for_case(bid.channel, name)) return id;
  return channel_id_in(bid.url);
}

}  // namespace

void q21(weir::Pipeline&, const Events& events) {
  bids(events)
      .flat_map<Q21Row>([](const Bid& bid, auto&& collect) {
        if (const auto id = channel_id(bid))
          collect(Q21Row{bid.auction, bid.bidder, bid.price, bid.channel, *id});
      })
      .sink("results", "print:");
}

}  // namespace nexmark
