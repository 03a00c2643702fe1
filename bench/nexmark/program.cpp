#include "program.hpp"

#include "queries.hpp"

namespace nexmark {

std::vector<weir::Parameter> parameters() {
  return {
      {"query", weir::ParameterKind::kText, "q0", "which of the queries to run: q0, q1, …"},
      {"watermark-delay", weir::ParameterKind::kDuration, "4s", "how far out of order events may be"},
  };
}

void build(weir::Pipeline& pipeline, const weir::Settings& settings) {
  const Query& query = query_named(settings.text("query"));
  const Events events =
      pipeline.source<Event>("events", "generator:")
          .event_time(time_of, weir::bounded_out_of_orderness(settings.duration("watermark-delay")));
  query.build(pipeline, events);
}

}  // namespace nexmark
