#include "metrics_text.hpp"

#include <cmath>
#include <map>
#include <set>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "version.hpp"

namespace weir {

namespace {

/// The serializer writes help as it is given; a line break in it would begin a line of its own.
std::string escaped_help(const std::string& help) {
  std::string escaped;
  for (const char c : help) {
    if (c == '\n') escaped += "\\n";
    else if (c == '\\') escaped += "\\\\";
    else escaped += c;
  }
  return escaped;
}

prometheus::ClientMetric client_metric(const MetricSample& sample, prometheus::MetricType type) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (type == prometheus::MetricType::Counter) metric.counter.value = sample.value;
  else metric.gauge.value = sample.value;
  return metric;
}

}  // namespace

std::string metrics_text(const std::vector<MetricSample>& samples) {
  std::map<std::string, prometheus::MetricFamily> families;
  for (const MetricSample& sample : samples) {
    if (std::isnan(sample.value)) continue;  // not known now
    auto [it, first] = families.try_emplace(sample.name);
    prometheus::MetricFamily& family = it->second;
    if (first) {
      family.name = sample.name;
      family.help = escaped_help(sample.help);
      family.type = sample.type == MetricSample::Type::kCounter ? prometheus::MetricType::Counter
                                                                : prometheus::MetricType::Gauge;
    }
    family.metric.push_back(client_metric(sample, family.type));
  }
  std::vector<prometheus::MetricFamily> sorted;
  for (auto& [name, family] : families) sorted.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(sorted);
}

MetricSample build_sample(const std::string& job) {
  return {"weir_build_info",
          "What is running; always 1.",
          MetricSample::Type::kGauge,
          {{"version", kVersion}, {"compiler", compiler()}, {"job", job}},
          1};
}

void add_missing(std::vector<MetricSample>& samples, std::vector<MetricSample> more) {
  std::set<std::string> known;
  for (const MetricSample& sample : samples) known.insert(sample.name);
  for (MetricSample& sample : more)
    if (!known.count(sample.name)) samples.push_back(std::move(sample));
}

}  // namespace weir
