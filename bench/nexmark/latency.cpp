#include "latency.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include <weir/connectors/connectors.hpp>
#include <weir/core/error.hpp>

namespace nexmark {

namespace {

class LatencyWriter final : public weir::SinkWriter {
 public:
  LatencyWriter(std::uint32_t worker, LatencyWatch::Samples& samples, weir::Environment& environment)
      : worker_(worker), samples_(samples), environment_(environment) {}
  bool try_write(const weir::Batch& rows) override {
    samples_.note(rows, environment_.now());
    rows_ += rows.size();
    return true;
  }
  bool try_flush(weir::Epoch) override { return true; }
  weir::SinkPart take_part() override {
    return {worker_, {}, weir::Digest{std::exchange(rows_, std::uint64_t{0}), 0, 0}};
  }

 private:
  const std::uint32_t worker_;
  LatencyWatch::Samples& samples_;
  weir::Environment& environment_;
  std::uint64_t rows_ = 0;
};

class LatencySink final : public weir::Sink {
 public:
  LatencySink(LatencyWatch& watch, weir::Environment& environment)
      : watch_(watch), environment_(environment) {}
  void recover(weir::Epoch, const std::vector<weir::SinkPart>&) override {}
  void commit(weir::Epoch, const std::vector<weir::SinkPart>&) override {}
  std::unique_ptr<weir::SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<LatencyWriter>(worker, watch_.samples_of_a_worker(), environment_);
  }

 private:
  LatencyWatch& watch_;
  weir::Environment& environment_;
};

class WatchedConnectors final : public weir::Connectors {
 public:
  explicit WatchedConnectors(LatencyWatch& watch) : watch_(watch), others_(weir::make_connectors()()) {}
  std::unique_ptr<weir::Source> source(const weir::ConnectorUri& uri, const weir::ConnectorContext& context,
                                       const weir::SourceOptions& options) override {
    return others_->source(uri, context, options);
  }
  std::unique_ptr<weir::Sink> sink(const weir::ConnectorUri& uri,
                                   const weir::ConnectorContext& context) override {
    if (uri.scheme == "latency") return std::make_unique<LatencySink>(watch_, *context.environment);
    return others_->sink(uri, context);
  }

 private:
  LatencyWatch& watch_;
  std::unique_ptr<weir::Connectors> others_;
};

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
  return [this] { return std::make_unique<WatchedConnectors>(*this); };
}

LatencyWatch::Samples& LatencyWatch::samples_of_a_worker() {
  const std::lock_guard lock(mutex_);
  return samples_.emplace_back(Samples{*this, {}});
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
