#include "latency.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "batch_sink.hpp"

namespace nexmark {

namespace {

/// Of sorted numbers the one that a share of them does not exceed.
double seconds_at(const std::vector<std::int64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[std::min(rank, sorted.size() - 1)]) / 1e9;
}

}  // namespace

bool Causes::wait_for_watermark(std::string_view query) {
  constexpr std::array<std::string_view, 5> kWaiting{"q5", "q6", "q7", "q8", "q11"};
  return std::find(kWaiting.begin(), kWaiting.end(), query) != kWaiting.end();
}

Causes::Causes(std::string_view query, const EventClock& clock, weir::Duration watermark_delay)
    : clock_(clock), after_(0) {
  if (query == "q12")
    throw weir::FailJob("q12 has no latency: its windows end by the clock, not because of an event",
                        weir::ExitCode::kUsage);
  // A watermark is the delay, and a millisecond, behind the event that it comes with.
  if (wait_for_watermark(query)) after_ = watermark_delay + weir::Duration{1};
}

weir::ConnectorsFactory LatencyWatch::connectors() {
  return connectors_with("latency", [this](const weir::ConnectorContext& context) -> TakeBatch {
    const std::lock_guard lock(mutex_);
    Samples& samples = samples_.emplace_back(Samples{*this, {}});
    return [&samples, environment = context.environment](const weir::Batch& rows) {
      samples.note(rows, environment->now());
    };
  });
}

void LatencyWatch::Samples::note(const weir::Batch& rows, weir::Environment::Instant now) {
  for (const weir::EventTime time : rows.times()) {
    const std::uint64_t event = watch.causes_.event_of(time);
    if (event < watch.first_ || event >= watch.end_) continue;
    const double due = static_cast<double>(event + 1) * watch.nanoseconds_an_event_;
    nanoseconds.push_back(now.count() - static_cast<std::int64_t>(due));
  }
}

Latency LatencyWatch::result(weir::Environment::Instant began) {
  std::vector<std::int64_t> sorted;
  for (const Samples& samples : samples_)
    sorted.insert(sorted.end(), samples.nanoseconds.begin(), samples.nanoseconds.end());
  if (sorted.empty()) return {};
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t& each : sorted) each -= began.count();
  if (sorted.front() < 0)
    throw std::runtime_error(fmt::format("a row came {} ns before its cause was due", -sorted.front()));
  return {sorted.size(), seconds_at(sorted, 0.5), seconds_at(sorted, 0.99), seconds_at(sorted, 0.999),
          seconds_at(sorted, 1)};
}

}  // namespace nexmark
