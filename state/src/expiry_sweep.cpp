#include <weir/state/expiry_sweep.hpp>

#include <algorithm>

namespace weir {

namespace {

constexpr std::size_t kEntriesAPortion = 2048;
constexpr Duration kPause{5};
constexpr int kPassesATimeToLive = 8;
constexpr Duration kPassAtMostEvery{1000};

}  // namespace

EventTime ExpirySweep::next() const {
  EventTime next = EventTime::max();
  for (const Item& item : items_) {
    const Expiry& expiry = item.state->expiry();
    if (expiry.ttl().clock() == StateTtl::Clock::kEventTime) {
      if (is_due(item, expiry.event_time())) next = std::min(next, next_portion_);
    } else {
      next = std::min(next, item.in_pass ? next_portion_ : item.next_pass);
    }
  }
  return next;
}

void ExpirySweep::run(EventTime wall_clock) {
  for (Item& item : items_) {
    Expiry& expiry = item.state->expiry();
    const EventTime now = expiry.now();
    if (!is_due(item, now)) continue;
    item.in_pass = !item.state->sweep(kEntriesAPortion);
    if (item.in_pass) continue;
    item.next_pass = now + std::max(expiry.ttl().time_to_live() / kPassesATimeToLive, kPassAtMostEvery);
  }
  next_portion_ = wall_clock + kPause;
}

}  // namespace weir
