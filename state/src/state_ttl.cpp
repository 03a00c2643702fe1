#include <weir/state/state_ttl.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

StateTtl::StateTtl(Duration time_to_live) : time_to_live_(time_to_live) {
  if (time_to_live.count() < 1)
    throw FailJob(fmt::format("state cannot expire after {} ms: give it at least 1 ms", time_to_live.count()),
                  ExitCode::kUsage);
}

StateTtl StateTtl::refreshed_by_reads() const {
  StateTtl ttl = *this;
  ttl.reads_refresh_ = true;
  return ttl;
}

StateTtl StateTtl::by_event_time() const {
  StateTtl ttl = *this;
  ttl.clock_ = Clock::kEventTime;
  return ttl;
}

}  // namespace weir
