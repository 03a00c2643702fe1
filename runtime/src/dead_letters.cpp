#include "dead_letters.hpp"

namespace weir {

namespace {

/// Copies dead letters into the edge to their sink.
class DeadLetterConsumer final : public BatchConsumer {
 public:
  explicit DeadLetterConsumer(Exchange& exchange) : exchange_(exchange) {}
  void consume(const Batch& rows) override {
    const auto& letters = static_cast<const RowBatch<DeadLetter>&>(rows);
    auto* out = static_cast<RowBatch<DeadLetter>*>(&exchange_.open(0));
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (i == 0 || out->empty()) out->share_arenas(letters);
      out->append(letters[i], letters.time(i));
      if (out->full()) out = static_cast<RowBatch<DeadLetter>*>(&exchange_.ship(0));
    }
  }

 private:
  Exchange& exchange_;
};

}  // namespace

JobGraph with_dead_letters(JobGraph graph, const JobOptions& options) {
  const std::size_t vertices = graph.vertices.size();
  for (std::size_t i = 0; i < vertices; ++i) {
    const Vertex source = graph.vertices[i];
    const auto policy = options.on_reject.find(source.name);
    if (!std::holds_alternative<SourceVertex>(source.what) || policy == options.on_reject.end() ||
        policy->second != RejectPolicy::kDeadLetter)
      continue;
    Vertex sink;
    sink.id = static_cast<VertexId>(graph.vertices.size());
    sink.name = source.name + ".dead_letter";
    sink.description = "dead letters of " + source.name;
    sink.what = SinkVertex{&row_schema<DeadLetter>(), ""};
    Edge edge;
    edge.from = source.id;
    edge.port = kDeadLetterPort;
    edge.to = sink.id;
    edge.make_batch = &make_batch<DeadLetter>;
    edge.bind = [](Exchange& exchange) { return std::make_unique<DeadLetterConsumer>(exchange); };
    graph.vertices.push_back(std::move(sink));
    graph.edges.push_back(std::move(edge));
  }
  return graph;
}

}  // namespace weir
