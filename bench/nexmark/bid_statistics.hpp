#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "bid_rank.hpp"
#include "events.hpp"
#include "time_text.hpp"

/// Bids of a group, for instance a day: how many there are, of how many bidders, for how many auctions, in all and by rank. Exact and in three
/// steps, so that a group as large as all bids is counted by all workers: what each bidder and each auction has been seen with in
/// the group; what that changes; the sums.
namespace nexmark {

/// Total, then ranks 1 to 3.
struct ByRank {
  std::int64_t total = 0;
  std::int64_t rank1 = 0;
  std::int64_t rank2 = 0;
  std::int64_t rank3 = 0;
};
BOOST_DESCRIBE_STRUCT(ByRank, (), (total, rank1, rank2, rank3))

struct BidStatistics {
  ByRank bids;
  ByRank bidders;
  ByRank auctions;
  std::int32_t last_minute = 0;  // of the day
};
BOOST_DESCRIBE_STRUCT(BidStatistics, (), (bids, bidders, auctions, last_minute))

/// What counts of a bid.
template <class Group>
struct Judged {
  Group group;
  std::int64_t bidder;
  std::int64_t auction;
  std::int32_t minute;
  std::int8_t rank;
  BOOST_DESCRIBE_CLASS(Judged, (), (group, bidder, auction, minute, rank), (), ())
};

/// A bidder, or an auction, in a group.
template <class Group>
struct Member {
  Group group;
  std::int64_t id;
  friend bool operator==(const Member&, const Member&) = default;
  BOOST_DESCRIBE_CLASS(Member, (), (group, id), (), ())
};

/// What a bid changes in its group.
template <class Group>
struct Seen {
  Group group;
  bool by_bidder;  // or by its auction
  bool first;
  bool first_of_rank;
  std::int8_t rank;
  std::int32_t minute;
  BOOST_DESCRIBE_CLASS(Seen, (), (group, by_bidder, first, first_of_rank, rank, minute), (), ())
};

/// Says of every bid what it changes for bidders, and of auctions only what is new.
template <class Group, bool kBidders>
struct FirstSeen {
  weir::ValueState<std::uint8_t> ranks{"ranks-seen"};
  auto states() { return std::tie(ranks); }

  void process(const Judged<Group>& bid, weir::KeyedContext<Member<Group>, Seen<Group>>& context) {
    const auto bit = static_cast<std::uint8_t>(1 << bid.rank);
    const std::uint8_t before = ranks.value_or(0);
    const bool first_of_rank = !(before & bit);
    if (first_of_rank) ranks.set(before | bit);
    if (kBidders || first_of_rank)
      context.emit({bid.group, kBidders, before == 0, first_of_rank, bid.rank, bid.minute});
  }
};

/// `MakeRow`: (const Group&, const BidStatistics&, weir::Arena&) to a row of the result.
template <class Group, class Row, class MakeRow>
struct SumUp {
  MakeRow make_row;
  weir::ValueState<BidStatistics> statistics{"statistics"};
  auto states() { return std::tie(statistics); }

  void process(const Seen<Group>& seen, weir::KeyedContext<Group, Row>& context) {
    BidStatistics& s = statistics.edit();
    if (seen.by_bidder) {
      count(s.bids, seen.rank, true, true);
      count(s.bidders, seen.rank, seen.first, seen.first_of_rank);
    } else {
      count(s.auctions, seen.rank, seen.first, seen.first_of_rank);
    }
    s.last_minute = std::max(s.last_minute, seen.minute);
    context.emit(make_row(context.key(), s, context.arena()));
  }

 private:
  static void count(ByRank& numbers, int rank, bool first, bool first_of_rank) {
    numbers.total += first;
    (rank == 0 ? numbers.rank1 : rank == 1 ? numbers.rank2 : numbers.rank3) += first_of_rank;
  }
};

/// `group_of(const Bid&)` gives the Group.
template <class Group, class Row, class GroupOf, class MakeRow>
auto bid_statistics(const Events& events, GroupOf group_of, MakeRow make_row) {
  const auto judged = bids(events).map([group_of](const Bid& bid) {
    return Judged<Group>{group_of(bid), bid.bidder, bid.auction, minute_of_day(bid.dateTime),
                         static_cast<std::int8_t>(rank_of(bid.price))};
  });
  const auto seen_by_bidder =
      judged.key_by([](const Judged<Group>& bid) {
              return Member<Group>{bid.group, bid.bidder};
            })
          .template process<Seen<Group>>("bidders", FirstSeen<Group, true>{});
  const auto seen_by_auction =
      judged.key_by([](const Judged<Group>& bid) {
              return Member<Group>{bid.group, bid.auction};
            })
          .template process<Seen<Group>>("auctions", FirstSeen<Group, false>{});
  return seen_by_bidder.union_with(seen_by_auction)
      .key_by(&Seen<Group>::group)
      .template process<Row>("statistics", SumUp<Group, Row, MakeRow>{make_row});
}

}  // namespace nexmark
