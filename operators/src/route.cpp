#include <weir/operators/route.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/operators/sample.hpp>

namespace weir::detail {

void fail_route(std::string_view operator_name, std::int64_t chosen, std::size_t routes) {
  throw FailJob(
      fmt::format("'{}': the selector chose route {} for a row, but there are routes 0 to {}; "
                  "filter() rows that go nowhere out before route()",
                  operator_name, chosen, routes - 1));
}

std::uint64_t sample_below(double fraction) {
  if (!(fraction >= 0 && fraction <= 1))
    throw FailJob(fmt::format("a sample is a fraction from 0 to 1 of the rows, not {}", fraction),
                  ExitCode::kUsage);
  return fraction == 1 ? std::numeric_limits<std::uint64_t>::max()
                       : static_cast<std::uint64_t>(fraction * 0x1p64);
}

}  // namespace weir::detail
