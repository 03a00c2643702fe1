#include <weir/operators/ahead_of_clock.hpp>

#include <fmt/format.h>

namespace weir {

RowsAheadOfClock::RowsAheadOfClock(const SourceContext& context)
    : source_(context.base.name),
      warn_(context.warn),
      counter_(&context.base.metrics->counter(
          "weir_source_ahead_of_clock_records_total",
          "Rows too far ahead of the wall clock to move the watermark.",
          {{"source", source_}, {"worker", std::to_string(context.base.worker)}})) {}

void RowsAheadOfClock::count(std::size_t rows, std::string_view partition, bool first, EventTime furthest,
                             Duration bound) {
  counter_->add(rows);
  if (!first || !warn_) return;
  warn_(fmt::format(
      "source '{}', partition '{}': a row has the time {} ms, which is more than {} ms ahead of the "
      "clock; it is passed on, but does not move the watermark. Such rows are counted in "
      "weir_source_ahead_of_clock_records_total; a filter() behind the source drops them",
      source_, partition, furthest.millis, bound.count()));
}

}  // namespace weir
