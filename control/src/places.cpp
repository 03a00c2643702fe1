#include "places.hpp"

#include <fnmatch.h>

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/core/connector.hpp>
#include <weir/core/error.hpp>

namespace weir {

namespace fs = std::filesystem;

namespace {

/// An end of the job that is bound to a scheme.
struct Bound {
  std::string what;  ///< "the sink 'delays'"
  ConnectorUri uri;
};

std::optional<ConnectorUri> parsed(const std::string& address) {
  try {
    return ConnectorUri::parse(address);
  } catch (const FailJob&) {
    return std::nullopt;  // complained about elsewhere
  }
}

std::string address_of(const std::map<std::string, std::string>& bound, const std::string& name,
                       const std::string& fallback) {
  const auto found = bound.find(name);
  return found == bound.end() ? fallback : found->second;
}

void add(std::vector<Bound>& ends, const std::string& what, const std::string& address,
         std::string_view scheme) {
  if (auto uri = parsed(address); uri && uri->scheme == scheme) ends.push_back({what, std::move(*uri)});
}

std::vector<Bound> sinks_of(const JobGraph& graph, const JobOptions& job, std::string_view scheme) {
  std::vector<Bound> sinks;
  for (const Vertex& vertex : graph.vertices) {
    const std::string what = fmt::format("the sink '{}'", vertex.name);
    if (const auto* sink = std::get_if<SinkVertex>(&vertex.what))
      add(sinks, what, address_of(job.sinks, vertex.name, sink->default_uri), scheme);
    const std::string letters = vertex.name + ".dead_letter";
    if (std::holds_alternative<SourceVertex>(vertex.what) && job.sinks.count(letters))
      add(sinks, fmt::format("the sink '{}'", letters), job.sinks.at(letters), scheme);
  }
  return sinks;
}

std::vector<Bound> sources_of(const JobGraph& graph, const JobOptions& job, std::string_view scheme) {
  std::vector<Bound> sources;
  for (const Vertex& vertex : graph.vertices)
    if (const auto* source = std::get_if<SourceVertex>(&vertex.what))
      add(sources, fmt::format("the source '{}'", vertex.name),
          address_of(job.sources, vertex.name, source->default_uri), scheme);
  return sources;
}

/// One spelling for one place: absolute, without links, dots and a slash at the end.
fs::path plain(const std::string& place) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(place, error), error);
  if (error) path = fs::absolute(place, error).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

bool is_inside(const fs::path& inner, const fs::path& outer) {
  const auto [at, end] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  static_cast<void>(end);
  return at == outer.end();
}

/// Whether a source of this path would read the part files in `sink`.
bool reads_parts_of(const std::string& source, const fs::path& sink) {
  if (source.find_first_of("*?[") == std::string::npos) return plain(source) == sink;
  const std::string pattern = fs::absolute(source).lexically_normal();
  for (const char* ending : {".jsonl", ".csv", ".jsonl.gz", ".csv.gz", ".jsonl.zst", ".csv.zst"})
    if (fnmatch(pattern.c_str(), (sink / (std::string("part-0000000001-0") + ending)).c_str(),
                FNM_PATHNAME) == 0)
      return true;
  return false;
}

void check_sinks(const std::vector<Bound>& sinks, Problems& found) {
  for (auto second = sinks.begin(); second != sinks.end(); ++second)
    for (auto first = sinks.begin(); first != second; ++first)
      if (plain(first->uri.path) == plain(second->uri.path))
        found.push_back(fmt::format("{} and {} write to one directory, {}: give each its own", first->what,
                                    second->what, plain(second->uri.path).string()));
}

void check_sources(const std::vector<Bound>& sources, const std::vector<Bound>& sinks, Problems& found) {
  for (const Bound& source : sources)
    for (const Bound& sink : sinks)
      if (reads_parts_of(source.uri.path, plain(sink.uri.path)))
        found.push_back(fmt::format("{} reads what {} writes to {}: give the sink another directory",
                                    source.what, sink.what, plain(sink.uri.path).string()));
}

void check_own_places(const JobOptions& job, const std::vector<Bound>& sinks, Problems& found) {
  const fs::path state = plain(job.state_dir);
  const bool remote = is_remote(job.checkpoint_dir);
  const fs::path checkpoints = remote ? fs::path() : plain(job.checkpoint_dir);
  for (const Bound& sink : sinks) {
    const fs::path place = plain(sink.uri.path);
    if (is_inside(place, state))
      found.push_back(
          fmt::format("{} writes into --state-dir {}, which is scratch space: give it a directory outside",
                      sink.what, job.state_dir));
    if (!remote && is_inside(place, checkpoints))
      found.push_back(fmt::format("{} writes into --checkpoint-dir {}: give it a directory outside",
                                  sink.what, job.checkpoint_dir));
  }
  if (!remote && (is_inside(checkpoints, state) || is_inside(state, checkpoints)))
    found.push_back(fmt::format(
        "--checkpoint-dir {} and --state-dir {} lie in one another: state is scratch space, so give them "
        "directories side by side",
        job.checkpoint_dir, job.state_dir));
}

}  // namespace

Problems clashes(const JobGraph& graph, const JobOptions& job) {
  Problems found;
  const std::vector<Bound> sinks = sinks_of(graph, job, "file");
  check_sinks(sinks, found);
  check_sources(sources_of(graph, job, "file"), sinks, found);
  check_own_places(job, sinks, found);
  return found;
}

Problems loops(const JobGraph& graph, const JobOptions& job) {
  Problems found;
  for (const Bound& source : sources_of(graph, job, "kafka"))
    for (const Bound& sink : sinks_of(graph, job, "kafka"))
      if (source.uri.path == sink.uri.path && source.uri.authority == sink.uri.authority)
        found.push_back(fmt::format("{} reads the topic that {} writes to, {}: what goes out comes in again",
                                    source.what, sink.what, sink.uri.path));
  return found;
}

}  // namespace weir
