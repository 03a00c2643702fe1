#include <weir/operators/window_operator.hpp>

namespace weir {

LateCounters::LateCounters(const OperatorContext& context, bool side_output)
    : late_(&context.metrics->counter("weir_operator_late_records_total",
                                      "Records that came after their window's state was gone.",
                                      {{"operator", std::string(context.name)},
                                       {"worker", std::to_string(context.worker)},
                                       {"action", side_output ? "side_output" : "dropped"}})) {}

}  // namespace weir
