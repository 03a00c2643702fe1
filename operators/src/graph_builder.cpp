#include <fmt/format.h>

#include <weir/operators/stream.hpp>

namespace weir::detail {

VertexId GraphBuilder::add(std::string name, std::string description, decltype(Vertex::what) what) {
  const auto id = static_cast<VertexId>(graph_.vertices.size());
  graph_.vertices.push_back({id, std::move(name), std::move(description), std::move(what)});
  return id;
}

void GraphBuilder::connect(VertexId from, std::uint32_t port, VertexId to, Partitioning partitioning,
                           const std::string& chain, BatchFactory make_batch,
                           std::function<std::unique_ptr<BatchConsumer>(Exchange&)> bind) {
  Edge edge;
  edge.from = from;
  edge.port = port;
  edge.to = to;
  edge.partitioning = partitioning;
  edge.chain = chain;
  edge.make_batch = make_batch;
  edge.bind = std::move(bind);
  graph_.edges.push_back(std::move(edge));
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
