#include <weir/operators/join.hpp>

namespace weir::detail {

Counter& late_join_rows(const OperatorContext& context, bool side_output) {
  return context.metrics->counter("weir_operator_late_records_total",
                                  "Records that came after their window's state was gone.",
                                  {{"operator", std::string(context.name)},
                                   {"worker", std::to_string(context.worker)},
                                   {"action", side_output ? "side_output" : "dropped"}});
}

}  // namespace weir::detail
