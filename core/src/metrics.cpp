#include <weir/core/metrics.hpp>

namespace weir {

namespace {

template <class Entries>
auto& find_or_add(Entries& entries, const std::string& name, const std::string& help,
                  const MetricLabels& labels, double unit) {
  for (auto& entry : entries)
    if (entry.name == name && entry.labels == labels) return entry.value;
  auto& entry = entries.emplace_back();
  entry.name = name;
  entry.help = help;
  entry.labels = labels;
  entry.unit = unit;
  return entry.value;
}

}  // namespace

Counter& MetricRegistry::counter(const std::string& name, const std::string& help, const MetricLabels& labels,
                                 double unit) {
  std::lock_guard lock(mutex_);
  return find_or_add(counters_, name, help, labels, unit);
}

Gauge& MetricRegistry::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard lock(mutex_);
  return find_or_add(gauges_, name, help, labels, 1);
}

std::vector<MetricSample> MetricRegistry::counters(std::string_view name) const {
  std::lock_guard lock(mutex_);
  std::vector<MetricSample> samples;
  for (const auto& c : counters_)
    if (c.name == name)
      samples.push_back({c.name, c.help, MetricSample::Type::kCounter, c.labels,
                         c.unit * static_cast<double>(c.value.value())});
  return samples;
}

std::vector<MetricSample> MetricRegistry::collect() const {
  std::lock_guard lock(mutex_);
  std::vector<MetricSample> samples;
  samples.reserve(counters_.size() + gauges_.size());
  for (const auto& c : counters_)
    samples.push_back({c.name, c.help, MetricSample::Type::kCounter, c.labels,
                       c.unit * static_cast<double>(c.value.value())});
  for (const auto& g : gauges_)
    samples.push_back({g.name, g.help, MetricSample::Type::kGauge, g.labels, g.value.value()});
  return samples;
}

}  // namespace weir
