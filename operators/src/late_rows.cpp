#include <weir/operators/late_rows.hpp>

#include <string>

namespace weir::detail {

Counter& late_rows_counter(const OperatorContext& context, bool side_output) {
  return context.metrics->counter("weir_operator_late_records_total",
                                  "Records that came after their window's state was gone.",
                                  {{"operator", std::string(context.name)},
                                   {"worker", std::to_string(context.worker)},
                                   {"action", side_output ? "side_output" : "dropped"}});
}

}  // namespace weir::detail
