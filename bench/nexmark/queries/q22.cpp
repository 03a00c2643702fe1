// Bids with the directories of their address.

#include <optional>

#include "../queries.hpp"

namespace nexmark {

namespace {

using Directory = std::optional<std::string_view>;

struct Q22Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string_view channel;
  Directory dir1;
  Directory dir2;
  Directory dir3;
};
BOOST_DESCRIBE_STRUCT(Q22Row, (), (auction, bidder, price, channel, dir1, dir2, dir3))

/// Takes the text up to the next slash off the front of what is left.
Directory next_part(std::optional<std::string_view>& left) {
  if (!left) return std::nullopt;
  const std::size_t slash = left->find('/');
  const std::string_view part = left->substr(0, slash);
  if (slash == std::string_view::npos) left.reset();
  else left->remove_prefix(slash + 1);
  return part;
}

}  // namespace

void q22(weir::Pipeline&, const Events& events) {
  bids(events)
      .map([](const Bid& bid) {
        std::optional<std::string_view> left = bid.url;
        for (int part = 0; part < 3; ++part) next_part(left);  // https://www.nexmark.com
        Q22Row row{bid.auction, bid.bidder, bid.price, bid.channel, {}, {}, {}};
        for (Directory* directory : {&row.dir1, &row.dir2, &row.dir3}) *directory = next_part(left);
        return row;
      })
      .sink("results", "print:");
}

}  // namespace nexmark
