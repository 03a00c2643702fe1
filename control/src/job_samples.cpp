#include <limits>

#include "metrics_text.hpp"

namespace weir {

namespace {

using Type = MetricSample::Type;

constexpr JobState kStates[] = {JobState::kCreated,   JobState::kStarting,   JobState::kRunning,
                                JobState::kFinishing, JobState::kRestarting, JobState::kDone,
                                JobState::kStopped,   JobState::kFailed};

void add_watermark(std::vector<MetricSample>& samples, const SourceStatus& source, EventTime now) {
  if (source.watermark == EventTime::min()) return;
  const bool ended = source.watermark == EventTime::max();
  const double seconds =
      ended ? std::numeric_limits<double>::infinity() : static_cast<double>(source.watermark.millis) / 1000.0;
  samples.push_back({"weir_source_watermark_timestamp_seconds",
                     "How far event time has come; +Inf after the end of the input.",
                     Type::kGauge,
                     {{"source", source.name}},
                     seconds});
  const double lag = ended ? 0.0 : static_cast<double>(now.millis) / 1000.0 - seconds;
  samples.push_back({"weir_source_watermark_lag_seconds",
                     "How far the watermark is behind the clock; 0 after the end of the input.",
                     Type::kGauge,
                     {{"source", source.name}},
                     lag});
}

/// Partitions that count for the source's watermark. One that never had a row is the one to be found, so it is not left out.
void add_partition_watermarks(std::vector<MetricSample>& samples, const SourceStatus& source) {
  for (const PartitionStatus& partition : source.slowest) {
    if (partition.idle) continue;
    const double seconds = partition.watermark == EventTime::min()
                               ? -std::numeric_limits<double>::infinity()
                               : static_cast<double>(partition.watermark.millis) / 1000.0;
    samples.push_back(
        {"weir_source_partition_watermark_timestamp_seconds",
         "How far event time has come in a partition; of a source those that are furthest behind.",
         Type::kGauge,
         {{"source", source.name}, {"partition", partition.name}},
         seconds});
  }
}

void add_source(std::vector<MetricSample>& samples, const SourceStatus& source, EventTime now) {
  const MetricLabels labels = {{"source", source.name}};
  samples.push_back({"weir_source_partitions", "Partitions that are read.", Type::kGauge, labels,
                     static_cast<double>(source.partitions)});
  samples.push_back({"weir_source_records_total", "Records read and decoded.", Type::kCounter, labels,
                     static_cast<double>(source.records)});
  add_watermark(samples, source, now);
  add_partition_watermarks(samples, source);
  if (source.lag)
    samples.push_back({"weir_source_lag_records", "Records between the position and the known end.",
                       Type::kGauge, labels, static_cast<double>(*source.lag)});
  if (source.progress)
    samples.push_back({"weir_source_progress_ratio", "Share of a bounded input that has been read, 0 to 1.",
                       Type::kGauge, labels, *source.progress});
}

}  // namespace

std::vector<MetricSample> job_samples(const JobStatus& status, Duration uptime, EventTime now) {
  std::vector<MetricSample> samples;
  for (const JobState state : kStates)
    samples.push_back({"weir_job_state",
                       "1 for the state the job is in, 0 for all others.",
                       Type::kGauge,
                       {{"state", to_string(state)}},
                       state == status.state ? 1.0 : 0.0});
  samples.push_back({"weir_job_uptime_seconds",
                     "Time since the job was started in this process.",
                     Type::kGauge,
                     {},
                     static_cast<double>(uptime.count()) / 1000.0});
  samples.push_back({"weir_job_restarts_total",
                     "Attempts after the first one.",
                     Type::kCounter,
                     {},
                     static_cast<double>(status.restarts)});
  samples.push_back({"weir_job_last_commit_epoch",
                     "Number of the last committed epoch; 0 before the first.",
                     Type::kGauge,
                     {},
                     static_cast<double>(status.last_commit)});
  for (const SourceStatus& source : status.sources) add_source(samples, source, now);
  return samples;
}

}  // namespace weir
