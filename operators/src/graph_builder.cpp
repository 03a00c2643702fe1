#include <fmt/format.h>

#include <weir/operators/stream.hpp>

namespace weir::detail {

VertexId GraphBuilder::add(std::string name, std::string description, decltype(Vertex::what) what) {
  const auto id = static_cast<VertexId>(graph_.vertices.size());
  graph_.vertices.push_back({id, std::move(name), std::move(description), std::move(what)});
  return id;
}

std::string GraphBuilder::unique(const std::string& name) const {
  if (!graph_.find(name)) return name;
  for (int n = 2;; ++n)
    if (std::string numbered = fmt::format("{}-{}", name, n); !graph_.find(numbered)) return numbered;
}

std::string then(const std::string& chain, const char* stage) {
  return chain.empty() ? stage : chain + " → " + stage;
}

std::string describe(Duration duration) {
  const auto ms = duration.count();
  if (ms % 86'400'000 == 0) return fmt::format("{} d", ms / 86'400'000);
  if (ms % 3'600'000 == 0) return fmt::format("{} h", ms / 3'600'000);
  if (ms % 60'000 == 0) return fmt::format("{} min", ms / 60'000);
  if (ms % 1'000 == 0) return fmt::format("{} s", ms / 1'000);
  return fmt::format("{} ms", ms);
}

}  // namespace weir::detail
