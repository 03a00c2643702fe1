#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// A number that only grows, written by one thread and read by any. Bumped once a batch.
class Counter {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A number that is set, by any thread. NaN: not known now; it is not shown.
class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// One value read off the registry.
struct MetricSample {
  std::string name;
  std::string help;
  enum class Type { kCounter, kGauge } type;
  MetricLabels labels;
  double value;
};

/// All numbers of a process, by name and labels. Names follow Prometheus' conventions: base units, `_total` for counters.
/// Asking twice for the same name and labels gives the same object, so counts go on over restarts of a job.
/// Thread-safe; the objects live as long as the registry.
class MetricRegistry {
 public:
  /// `unit` turns what is counted into what is shown: 1e-9 for a counter of nanoseconds that is named in seconds.
  Counter& counter(const std::string& name, const std::string& help, const MetricLabels& labels = {},
                   double unit = 1);
  Gauge& gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  std::vector<MetricSample> collect() const;
  /// The counters of this name.
  std::vector<MetricSample> counters(std::string_view name) const;

 private:
  template <class Value>
  struct Entry {
    std::string name;
    std::string help;
    MetricLabels labels;
    double unit = 1;
    Value value;
  };
  mutable std::mutex mutex_;
  std::deque<Entry<Counter>> counters_;
  std::deque<Entry<Gauge>> gauges_;
};

}  // namespace weir
