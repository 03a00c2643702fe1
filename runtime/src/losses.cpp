#include <weir/runtime/losses.hpp>

#include <map>
#include <string_view>

#include <fmt/format.h>

namespace weir {

namespace {

/// A counter of losses. Of its samples those count that have `label` = `value`; `who` is the label that names the vertex.
struct Kind {
  const char* counter;
  const char* label;
  const char* value;
  const char* who;
  /// {0}: name of the vertex, {1}: "3 records".
  const char* text;
};

constexpr Kind kKinds[] = {
    {"weir_operator_late_records_total", "action", "dropped", "operator",
     "operator '{0}' has dropped {1} that came too late, behind its watermark by more than is allowed. Allow "
     "more "
     "disorder at the source (bounded_out_of_orderness) or more lateness at the operator (allowed_lateness), "
     "or have "
     "them as a stream (late_rows)"},
    {"weir_records_rejected_total", "policy", "skip", "source",
     "source '{0}' has skipped {1} that could not be decoded; to keep them and the reasons: --on-error "
     "{0}=dead_letter"},
    {"weir_records_rejected_total", "policy", "dead_letter", "source",
     "source '{0}' has sent {1} that could not be decoded to '{0}.dead_letter'"},
    {"weir_source_ahead_of_clock_records_total", "", "", "source",
     "source '{0}' has read {1} too far ahead of the clock to move its watermark (ahead_of_clock_at_most); "
     "their "
     "windows stay open until time comes there"},
};

std::string label_of(const MetricSample& sample, std::string_view name) {
  for (const auto& [label, value] : sample.labels)
    if (label == name) return value;
  return "";
}

std::string text_of_records(std::uint64_t n) { return fmt::format("{} record{}", n, n == 1 ? "" : "s"); }

}  // namespace

std::vector<Loss> losses(const MetricRegistry& metrics) {
  std::vector<Loss> all;
  for (const Kind& kind : kKinds) {
    std::map<std::string, std::uint64_t> records;  // over the workers
    for (const MetricSample& sample : metrics.counters(kind.counter))
      if (label_of(sample, kind.label) == kind.value && sample.value > 0)
        records[label_of(sample, kind.who)] += static_cast<std::uint64_t>(sample.value);
    for (const auto& [name, n] : records)
      all.push_back({fmt::format("{} '{}' {}", kind.who, name, kind.value), n,
                     fmt::format(fmt::runtime(kind.text), name, text_of_records(n))});
  }
  return all;
}

}  // namespace weir
