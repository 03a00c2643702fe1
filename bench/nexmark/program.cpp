#include "program.hpp"

#include <fmt/format.h>

#include "queries.hpp"

namespace nexmark {

namespace {

/// Of partitions: what one is ahead of another waits in the state of joins.
constexpr weir::Duration kMaxDrift = std::chrono::seconds(1);

}  // namespace

std::vector<weir::Parameter> parameters() {
  return {
      {"query", weir::ParameterKind::kText, "q0", "which of the queries to run: q0, q1, …"},
      {"watermark-delay", weir::ParameterKind::kDuration, "4s", "how far out of order events may be"},
      {"event-rate", weir::ParameterKind::kInteger, std::to_string(EventClock::kDefaultRate),
       "events a second of event time, where they are generated"},
      {"event-base", weir::ParameterKind::kInteger, std::to_string(EventClock::kDefaultBase),
       "when the first generated event happens, milliseconds since 1970"},
      {"changelog", weir::ParameterKind::kFlag, "false",
       "of a query that takes rows back: how its table changes, row by row"},
  };
}

void build(weir::Pipeline& pipeline, const std::string& query, weir::Duration watermark_delay,
           const GeneratedEvents& generated, bool changelog) {
  const Query& asked = query_named(query);
  if (changelog && !asked.build_changelog)
    throw weir::FailJob(query + " takes no row back: leave out --changelog", weir::ExitCode::kUsage);
  const Events events = pipeline.source<Event>("events", "generator:")
                            .generated_by(generated)
                            .event_time([](const Event& event) { return time_of(event); },
                                        weir::bounded_out_of_orderness(watermark_delay))
                            .align(kMaxDrift);
  (changelog ? asked.build_changelog : asked.build)(pipeline, events);
}

void build(weir::Pipeline& pipeline, const weir::Settings& settings) {
  const std::int64_t rate = settings.integer("event-rate");
  if (rate < 1) throw weir::FailJob("--event-rate: at least 1", weir::ExitCode::kUsage);
  build(pipeline, settings.text("query"), settings.duration("watermark-delay"),
        GeneratedEvents{EventClock(settings.integer("event-base"), rate)}, settings.flag("changelog"));
}

int list_queries() {
  for (const Query& query : queries()) fmt::print("{:<4} {}\n", query.name, query.title);
  return 0;
}

}  // namespace nexmark
