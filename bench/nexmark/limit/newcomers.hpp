#pragma once

#include <string>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "../events.hpp"
#include "rows.hpp"
#include "watermark.hpp"

namespace nexmark::by_hand {

/// q8. Of each window who has come and who has sold.
template <class Take>
class NewcomersWhoSell {
 public:
  NewcomersWhoSell(Take& take, weir::Duration delay) : take_(take), watermark_(delay) {}

  void operator()(const Event& event, weir::Arena&) {
    const weir::EventTime time = time_of(event);
    if (event.event_type == Event::kPerson)
      windows_.at(time.millis / kSize).persons.emplace(event.person->id, std::string(event.person->name));
    else if (event.event_type == Event::kAuction)
      windows_.at(time.millis / kSize).sellers.insert(event.auction->seller);
    fire(watermark_.pass(time));
  }
  void end() { fire(Watermark::kEnd); }

 private:
  static constexpr std::int64_t kSize = 10'000;
  struct Seen {
    boost::unordered_flat_set<std::pair<std::int64_t, std::string>> persons;
    boost::unordered_flat_set<std::int64_t> sellers;
  };

  void fire(std::int64_t watermark) {
    for (; !windows_.empty() && watermark >= (windows_.first() + 1) * kSize - 1; windows_.pop()) {
      const Seen& seen = windows_.front();
      for (const auto& [id, name] : seen.persons)
        if (seen.sellers.contains(id))
          take_(NewcomerRow{id, name, weir::EventTime{windows_.first() * kSize}});
    }
  }

  Take& take_;
  Watermark watermark_;
  OpenWindows<Seen> windows_;
};

}  // namespace nexmark::by_hand
