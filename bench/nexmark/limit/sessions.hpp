#pragma once

#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "../events.hpp"
#include "rows.hpp"
#include "watermark.hpp"

namespace nexmark::by_hand {

/// q11. The open sessions of each bidder, nearly always one, and a timer each that is set again when it finds its session grown.
template <class Take>
class Sessions {
 public:
  Sessions(Take& take, weir::Duration delay) : take_(take), watermark_(delay) {}

  void operator()(const Event& event, weir::Arena&) {
    const weir::EventTime time = time_of(event);
    if (event.event_type == Event::kBid) add(event.bid->bidder, time.millis);
    fire(watermark_.pass(time));
  }
  void end() { fire(Watermark::kEnd); }

 private:
  static constexpr std::int64_t kGap = 10'000;
  struct Session {
    std::int64_t start, end, bids;
    std::int64_t timer;  ///< not later than the end
  };
  using Open = boost::container::small_vector<Session, 1>;
  using Timer = std::pair<std::int64_t, std::int64_t>;  // moment, bidder

  void add(std::int64_t bidder, std::int64_t time) {
    Open& open = bidders_[bidder];
    Session* joined = nullptr;
    for (std::size_t i = 0; i < open.size();) {
      Session& session = open[i];
      if (time > session.end || time + kGap < session.start) {
        ++i;
      } else if (!joined) {
        session.start = std::min(session.start, time);
        session.end = std::max(session.end, time + kGap);
        ++session.bids;
        joined = &open[i++];
      } else {
        joined->start = std::min(joined->start, session.start);
        joined->end = std::max(joined->end, session.end);
        joined->timer = std::min(joined->timer, session.timer);
        joined->bids += session.bids;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (joined) return;
    open.push_back({time, time + kGap, 1, time + kGap});
    timers_.emplace(time + kGap, bidder);
  }

  void fire(std::int64_t watermark) {
    while (!timers_.empty() && timers_.top().first <= saturated(watermark)) {
      const auto [moment, bidder] = timers_.top();
      timers_.pop();
      const auto found = bidders_.find(bidder);
      if (found == bidders_.end()) continue;
      close(found->second, bidder, moment, watermark);
      if (found->second.empty()) bidders_.erase(found);
    }
  }
  void close(Open& open, std::int64_t bidder, std::int64_t moment, std::int64_t watermark) {
    for (std::size_t i = 0; i < open.size();) {
      Session& session = open[i];
      if (session.end <= saturated(watermark)) {
        take_(SessionRow{bidder, session.bids, weir::EventTime{session.start}, weir::EventTime{session.end}});
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      if (session.timer <= moment) timers_.emplace(session.timer = session.end, bidder);
      ++i;
    }
  }
  /// Sessions that end by then are over: the watermark has reached their last millisecond.
  static std::int64_t saturated(std::int64_t watermark) {
    return watermark == Watermark::kEnd ? watermark : watermark + 1;
  }

  Take& take_;
  Watermark watermark_;
  boost::unordered_flat_map<std::int64_t, Open> bidders_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace nexmark::by_hand
