#include <weir/operators/async.hpp>

#include <fmt/format.h>

namespace weir::detail {

void fail_for_row(std::string_view operator_name, EventTime time, const AsyncFailure& failure) {
  throw RestartJob(fmt::format("'{}' has no result for a row of event time {} after {} request{}: {}",
                               operator_name, time.millis, failure.attempts, failure.attempts == 1 ? "" : "s",
                               failure.reason));
}

}  // namespace weir::detail
