#include "kafka_outage.hpp"

#include <algorithm>

namespace weir::kafka {

namespace {
constexpr Environment::Instant kSilentAfter = std::chrono::seconds{3};
constexpr Environment::Instant kRarest = std::chrono::minutes{5};
}  // namespace

Outage::Word Outage::note(Environment::Instant answered_at, Environment::Instant now) {
  if (now - answered_at < kSilentAfter) {
    if (!next_) return Word::kNothing;
    next_.reset();
    length_ = answered_at - begun_;
    return Word::kBack;
  }
  if (!next_) begun_ = answered_at;
  length_ = now - begun_;
  if (next_ && length_ < *next_) return Word::kNothing;
  next_ = length_ + std::clamp<Environment::Instant>(length_, std::chrono::seconds{10}, kRarest);
  return Word::kSilent;
}

}  // namespace weir::kafka
