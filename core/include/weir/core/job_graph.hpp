#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/operator.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/source.hpp>

namespace weir {

using VertexId = std::uint32_t;

/// One typed state of an operator: what the manifest records and a restore checks.
struct StateDescription {
  std::string name;
  std::string key_type;  ///< canonical description of the key's type, as by state_type<Key>()
  std::string value_type;
};

struct SourceVertex {
  SourceOperatorFactory make;
  const RowSchema* schema = nullptr;   ///< null when only a generator can produce the rows
  std::string default_uri;             ///< the program's own binding; empty: must be bound from outside
  GeneratorFactory generator;          ///< null when the pipeline brings none
  std::optional<Duration> max_drift;   ///< partitions further ahead of the slowest than this are paused
  std::string drift_group;             ///< sources of one group are aligned with each other; empty: alone
  std::optional<Duration> idle_after;  ///< a caught-up partition is left out of the watermark after this long
  bool has_event_time = false;         ///< watermarks come before the end of the input
};

struct OperatorVertex {
  OperatorFactory make;
  std::vector<StateDescription> states;  ///< empty: stateless
  bool feeds_back = false;               ///< its rows go back to an earlier vertex, by no edge
  bool state_by_key =
      false;  ///< its states lie under their keys and nowhere else: they can be written from outside
  bool by_event_time = false;  ///< does nothing, or forgets nothing, before a watermark comes
};

struct SinkVertex {
  const RowSchema* schema = nullptr;
  std::string default_uri;
};

struct Vertex {
  VertexId id = 0;
  std::string name;         ///< unique in the job; binds state and connectors
  std::string description;  ///< for people: "tumbling window of 1 h", "map"
  std::variant<SourceVertex, OperatorVertex, SinkVertex> what;
};

/// How rows find their target worker.
enum class Partitioning {
  kForward,    ///< to the same worker
  kKeyed,      ///< to the worker that owns the key's group
  kRebalance,  ///< in turn
  kBroadcast,  ///< to all
  kCustom,     ///< to the worker that a function of the row says
};

/// An edge: a port of one vertex, the chain fused behind it, and the input of another vertex it ends in.
struct Edge {
  VertexId from = 0;
  std::uint32_t port = 0;
  VertexId to = 0;
  std::uint32_t input = 0;
  Partitioning partitioning = Partitioning::kForward;
  std::string chain;  ///< for people: the fused stages, "filter → map"
  BatchFactory make_batch = nullptr;
  /// The key of a row on this edge, as JSON, for people; only on keyed edges, whose rows begin with the key's hash (uint64).
  std::string (*key_text)(const void* row) = nullptr;
  /// Binds the chain to the sending end of this edge. Called once a worker.
  std::function<std::unique_ptr<BatchConsumer>(Exchange&)> bind;
};

/// A pipeline as data: what the typed API builds, and what is printed, checked, run, restored and rescaled.
struct JobGraph {
  std::string name;
  std::vector<Vertex> vertices;  ///< vertices[i].id == i; upstream before downstream
  std::vector<Edge> edges;

  const Vertex* find(std::string_view vertex) const {
    for (const Vertex& v : vertices)
      if (v.name == vertex) return &v;
    return nullptr;
  }
};

/// Everything that makes `graph` unfit to run: unnamed or doubly named vertices, dangling edges, a stateful vertex without a
/// name, no source, rows that reach no sink. Empty: fit.
std::vector<std::string> problems(const JobGraph& graph);

/// What is fit to run, and most likely not what was meant: an operator that goes by event time, behind a source that has none.
std::vector<std::string> warnings(const JobGraph& graph);

/// Names what a checkpoint must agree with: vertices with state, their states' names. Stable over changes that keep state usable.
std::string fingerprint(const JobGraph& graph);

}  // namespace weir
