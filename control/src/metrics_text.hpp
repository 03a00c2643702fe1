#pragma once

#include <string>
#include <vector>

#include <weir/core/metrics.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// Samples in Prometheus' text format, grouped by name.
std::string metrics_text(const std::vector<MetricSample>& samples);

/// A job's state as samples: what JobStatus knows. `now` is wall-clock time.
std::vector<MetricSample> job_samples(const JobStatus& status, Duration uptime, EventTime now);

/// This process: cpu time, memory, open files, threads, start. Empty where there is no /proc.
std::vector<MetricSample> process_samples();

/// weir_build_info.
MetricSample build_sample(const std::string& job);

/// `samples`, and those of `more` whose names are not among them yet: two families of one name would be refused by Prometheus.
void add_missing(std::vector<MetricSample>& samples, std::vector<MetricSample> more);

}  // namespace weir
