#include <weir/runtime/job.hpp>

#include <fmt/format.h>

#include "source_address.hpp"

namespace weir {

namespace {

void check_bound(const Vertex& vertex, const char* kind, const std::string& uri,
                 std::vector<std::string>& found) {
  if (uri.empty()) {
    found.push_back(fmt::format("{0} '{1}' is bound to nothing: give --{0} {1}=ADDRESS", kind, vertex.name));
    return;
  }
  try {
    ConnectorUri::parse(uri);
  } catch (const FailJob& failure) {
    found.push_back(fmt::format("{} '{}': {}", kind, vertex.name, failure.what()));
  }
}

void check_names(const std::map<std::string, std::string>& bound, const char* kind, const JobGraph& graph,
                 std::vector<std::string>& found) {
  for (const auto& [name, uri] : bound) {
    const bool dead_letter = name.ends_with(".dead_letter");
    if (!dead_letter && !graph.find(name))
      found.push_back(fmt::format("--{} {}: the pipeline has no {} of that name", kind, name, kind));
  }
}

}  // namespace

std::vector<std::string> problems(const JobOptions& options, const JobGraph& graph) {
  std::vector<std::string> found;
  if (options.max_parallelism < 1 || options.max_parallelism > 32768)
    found.push_back(fmt::format("--max-parallelism must be 1 to 32768, not {}", options.max_parallelism));
  if (options.parallelism < 1 || options.parallelism > options.max_parallelism)
    found.push_back(
        fmt::format("--parallelism must be 1 to {}, not {}", options.max_parallelism, options.parallelism));
  if (options.checkpoint_interval && options.checkpoint_interval->count() < 1)
    found.push_back("--checkpoint-interval must be at least 1ms, or off");
  if (options.memory_bytes < (std::size_t{16} << 20))
    found.push_back(fmt::format("--memory must be at least 16MiB, not {} bytes", options.memory_bytes));
  if (options.linger.count() < 0) found.push_back("--linger must not be negative");
  for (const Vertex& vertex : graph.vertices) {
    if (const auto* source = std::get_if<SourceVertex>(&vertex.what)) {
      const auto bound = options.sources.find(vertex.name);
      check_bound(vertex, "source", bound != options.sources.end() ? bound->second : source->default_uri,
                  found);
    } else if (const auto* sink = std::get_if<SinkVertex>(&vertex.what)) {
      const auto bound = options.sinks.find(vertex.name);
      check_bound(vertex, "sink", bound != options.sinks.end() ? bound->second : sink->default_uri, found);
    }
  }
  for (const auto& [source, policy] : options.on_reject)
    if (policy == RejectPolicy::kDeadLetter && !options.sinks.contains(source + ".dead_letter"))
      found.push_back(fmt::format(
          "source '{0}' sends what it cannot decode to dead letters: give --sink {0}.dead_letter=ADDRESS",
          source));
  check_names(options.sources, "source", graph, found);
  check_names(options.sinks, "sink", graph, found);
  return found;
}

}  // namespace weir
