#include <weir/operators/join_progress.hpp>

#include <algorithm>

#include <weir/core/metrics.hpp>
#include <weir/operators/join.hpp>
#include <weir/state/codec.hpp>

namespace weir::detail {

RestoredProgress::RestoredProgress(const OperatorStates& states)
    : max_parallelism_(states.max_parallelism()) {
  for (const OperatorStates::Part& part : states.restored_parts()) {
    if (part.key_groups.first >= states.key_groups().end || states.key_groups().first >= part.key_groups.end)
      continue;
    StateReader in(part.extra);
    const EventTime watermark{in.number<std::int64_t>()};
    lowest_ = watermarks_.empty() ? watermark : std::min(lowest_, watermark);
    highest_ = std::max(highest_, watermark);
    watermarks_.emplace_back(part.key_groups, watermark);
    parts_.emplace_back(in.rest());
  }
}

EventTime RestoredProgress::watermark_of(std::uint64_t hash) const {
  if (lowest_ == highest_) return lowest_;
  const KeyGroup group = key_group_of(hash, max_parallelism_);
  for (const auto& [groups, watermark] : watermarks_)
    if (groups.contains(group)) return watermark;
  return EventTime::min();
}

std::string RestoredProgress::begin(EventTime watermark) {
  std::string bytes;
  append_number(bytes, watermark.millis);
  return bytes;
}

Counter& late_join_rows(const OperatorContext& context, bool side_output) {
  return context.metrics->counter("weir_operator_late_records_total",
                                  "Records that came too late for the state they belong to.",
                                  {{"operator", std::string(context.name)},
                                   {"worker", std::to_string(context.worker)},
                                   {"action", side_output ? "side_output" : "dropped"}});
}

}  // namespace weir::detail
