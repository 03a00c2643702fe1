#include <weir/operators/result_of_key.hpp>

#include <fmt/format.h>

namespace weir::detail {

void sum_is_out_of_range(const WideInteger& sum, std::string_view row, std::string_view field,
                         std::string_view type) {
  throw SumOutOfRange(
      fmt::format("the sum of {}{}{} is {}, which {} cannot hold; sum up a double that map() makes of it",
                  row, field.empty() ? "" : "::", field, sum.text(), type));
}

void fail_result(std::string_view operator_name, const std::string& key, const Window* window,
                 const SumOutOfRange& why) {
  const std::string where =
      window ? fmt::format(" in the window from {} to {} ms", window->start.millis, window->end.millis) : "";
  throw FailJob(fmt::format("'{}': key {}{}: {}", operator_name, key, where, why.what()));
}

}  // namespace weir::detail
