#include "patience.hpp"

#include <algorithm>

namespace weir {

Patience::Word Patience::look(bool lasts, Environment::Instant now) {
  if (!lasts) {
    const bool spoken = spoken_;
    lasting_ = spoken_ = false;
    return spoken ? Word::kOver : Word::kNone;
  }
  if (!lasting_) {
    lasting_ = true;
    since_ = now;
    interval_ = between_;
    next_ = now + first_;
  }
  if (now < next_) return Word::kNone;
  spoken_ = true;
  next_ = now + interval_;
  interval_ = std::min(2 * interval_, std::max(between_, kLongest));
  return Word::kLasts;
}

}  // namespace weir
