#include <weir/operators/async_options.hpp>

#include <algorithm>
#include <cmath>

#include <weir/core/error.hpp>

namespace weir {

namespace {

void require(bool allowed, const char* message) {
  if (!allowed) throw FailJob(message, ExitCode::kUsage);
}

}  // namespace

Retries::Retries(std::uint32_t attempts) : attempts_(attempts) {
  require(attempts >= 1, "retries() counts requests in all: at least 1");
}

Retries Retries::first_delay(Duration delay) const {
  require(delay.count() >= 0, "the first delay of retries must not be negative");
  Retries copy = *this;
  copy.first_delay_ = delay;
  return copy;
}

Retries Retries::factor(double factor) const {
  require(factor >= 1, "the factor of retries is at least 1");
  Retries copy = *this;
  copy.factor_ = factor;
  return copy;
}

Retries Retries::max_delay(Duration delay) const {
  require(delay.count() >= 0, "the longest delay of retries must not be negative");
  Retries copy = *this;
  copy.max_delay_ = delay;
  return copy;
}

Retries Retries::jitter(double share) const {
  require(share >= 0 && share <= 1, "the jitter of retries is a share, 0 to 1");
  Retries copy = *this;
  copy.jitter_ = share;
  return copy;
}

Duration Retries::delay(std::uint32_t failures, std::uint64_t random) const {
  const double grown = static_cast<double>(first_delay_.count()) * std::pow(factor_, failures - 1.0);
  const double longest = std::min(grown, static_cast<double>(max_delay_.count()));
  const double chance = static_cast<double>(random >> 11) * 0x1p-53;  // [0, 1)
  return Duration{std::llround(longest * (1 - jitter_ * chance))};
}

void AsyncSettings::check() const {
  require(capacity >= 1, "async needs a capacity of at least 1 row");
  require(timeout.count() > 0, "async needs a timeout of at least 1 ms");
  require(!attempt_timeout || attempt_timeout->count() > 0, "an attempt needs a timeout of at least 1 ms");
}

void LookupSettings::check() const {
  require(ttl.count() >= 0 && (!missing_ttl || missing_ttl->count() >= 0),
          "how long a lookup's answers are good for must not be negative");
}

}  // namespace weir
