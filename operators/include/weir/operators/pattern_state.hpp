#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/assert.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>

namespace weir {

/// The rows of a key's partial matches, each once, however many it is part of. A partial match is a path of nodes to its first row; those
/// that have grown out of one share what they have in common. Counts of references let go of what no one needs.
/// Source: the shared buffer of SASE+ (Agrawal et al., "Efficient Pattern Matching over Event Streams", SIGMOD 2008), with a node for each
/// path, where SASE+ joins nodes of equal rows and tells paths by version numbers: more nodes, but a path is just walked.
template <class Row>
class SharedBuffer {
 public:
  using Id = std::uint64_t;
  static constexpr Id kNone = 0;

  struct RowEntry {
    Id id;
    EventTime time;
    std::uint32_t references;
    Owned<Row> row;
  };
  struct Node {
    Id id;
    Id row;
    Id parent;
    std::uint32_t element;
    std::uint32_t references;
  };

  /// Puts a row in; it stays while nodes refer to it. Ids grow.
  Id add_row(const Row& row, EventTime time) {
    rows_.push_back({++last_id_, time, 0, Owned<Row>(row)});
    return last_id_;
  }
  /// A path that goes on from `parent` with `row`. Referred to once, by the caller.
  Id add_node(Id parent, Id row, std::uint32_t element) {
    if (parent != kNone) ++find(nodes_, parent).references;
    ++find(rows_, row).references;
    nodes_.push_back({++last_id_, row, parent, element, 1});
    return last_id_;
  }
  void refer(Id node) { ++find(nodes_, node).references; }
  void release(Id node) {
    while (node != kNone) {
      Node& entry = find(nodes_, node);
      if (--entry.references > 0) return;
      RowEntry& row = find(rows_, entry.row);
      if (--row.references == 0) rows_.erase(rows_.begin() + (&row - rows_.data()));
      node = entry.parent;
      nodes_.erase(nodes_.begin() + (&entry - nodes_.data()));
    }
  }
  const Node& node(Id id) const { return find(nodes_, id); }
  const RowEntry& row(Id id) const { return find(rows_, id); }
  std::size_t rows() const { return rows_.size(); }

  std::size_t heap_bytes() const {
    const std::size_t one = rows_.empty() ? 0 : rows_.front().row.heap_bytes();
    return rows_.capacity() * sizeof(RowEntry) + rows_.size() * one + nodes_.capacity() * sizeof(Node);
  }

  void encode(std::string& out) const {
    detail::append_number(out, last_id_);
    detail::append_number(out, static_cast<std::uint32_t>(rows_.size()));
    for (const RowEntry& row : rows_) {
      detail::append_number(out, row.id);
      detail::append_number(out, row.time.millis);
      detail::append_number(out, row.references);
      StateCodec<Owned<Row>>::encode(out, row.row);
    }
    detail::append_number(out, static_cast<std::uint32_t>(nodes_.size()));
    for (const Node& node : nodes_) {
      detail::append_number(out, node.id);
      detail::append_number(out, node.row);
      detail::append_number(out, node.parent);
      detail::append_number(out, node.element);
      detail::append_number(out, node.references);
    }
  }
  static SharedBuffer decode(StateReader& in) {
    SharedBuffer buffer;
    buffer.last_id_ = in.number<Id>();
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      const Id id = in.number<Id>();
      const EventTime time{in.number<std::int64_t>()};
      const auto references = in.number<std::uint32_t>();
      buffer.rows_.push_back({id, time, references, StateCodec<Owned<Row>>::decode(in)});
    }
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      Node node{};
      node.id = in.number<Id>();
      node.row = in.number<Id>();
      node.parent = in.number<Id>();
      node.element = in.number<std::uint32_t>();
      node.references = in.number<std::uint32_t>();
      buffer.nodes_.push_back(node);
    }
    return buffer;
  }

 private:
  /// Ids grow, so both lists are sorted by them.
  template <class Entries>
  static auto& find(Entries& entries, Id id) {
    const auto at = std::partition_point(entries.begin(), entries.end(),
                                         [&](const auto& entry) { return entry.id < id; });
    WEIR_ASSERT(at != entries.end() && at->id == id, "what is referred to is there");
    return *at;
  }

  Id last_id_ = 0;
  std::vector<RowEntry> rows_;
  std::vector<Node> nodes_;
};

/// A partial match: its path, and what may come next.
struct PatternRun {
  std::uint64_t node;
  std::uint64_t start_row;
  EventTime start;
  std::uint32_t count;   ///< rows of the last element
  std::uint32_t open;    ///< options
  bool fresh = true;     ///< no row has come since the last one of the path
  bool matched = false;  ///< it has been reported as a match, and may grow on
};

/// A match that waits for partial matches that began before it.
struct WaitingMatch {
  std::uint64_t node;
  std::uint64_t start_row;
  std::uint64_t completed;  ///< a number that grows
};

/// What pattern matching keeps of a key.
template <class Row>
struct PatternState {
  SharedBuffer<Row> buffer;
  std::vector<PatternRun> runs;
  std::vector<WaitingMatch> waiting;
  std::uint64_t steps = 0;

  bool empty() const { return runs.empty() && waiting.empty(); }
  std::size_t heap_bytes() const {
    return buffer.heap_bytes() + runs.capacity() * sizeof(PatternRun) +
           waiting.capacity() * sizeof(WaitingMatch);
  }
};

template <class Row>
struct StateCodec<PatternState<Row>> {
  static void encode(std::string& out, const PatternState<Row>& state) {
    state.buffer.encode(out);
    detail::append_number(out, state.steps);
    detail::append_number(out, static_cast<std::uint32_t>(state.runs.size()));
    for (const PatternRun& run : state.runs) {
      detail::append_number(out, run.node);
      detail::append_number(out, run.start_row);
      detail::append_number(out, run.start.millis);
      detail::append_number(out, run.count);
      detail::append_number(out, run.open);
      detail::append_number(out, static_cast<std::uint8_t>(run.fresh * 1 + run.matched * 2));
    }
    detail::append_number(out, static_cast<std::uint32_t>(state.waiting.size()));
    for (const WaitingMatch& match : state.waiting) {
      detail::append_number(out, match.node);
      detail::append_number(out, match.start_row);
      detail::append_number(out, match.completed);
    }
  }
  static PatternState<Row> decode(StateReader& in) {
    PatternState<Row> state;
    state.buffer = SharedBuffer<Row>::decode(in);
    state.steps = in.number<std::uint64_t>();
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      PatternRun run{};
      run.node = in.number<std::uint64_t>();
      run.start_row = in.number<std::uint64_t>();
      run.start.millis = in.number<std::int64_t>();
      run.count = in.number<std::uint32_t>();
      run.open = in.number<std::uint32_t>();
      const auto flags = in.number<std::uint8_t>();
      run.fresh = flags & 1;
      run.matched = flags & 2;
      state.runs.push_back(run);
    }
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      const auto node = in.number<std::uint64_t>();
      const auto start_row = in.number<std::uint64_t>();
      state.waiting.push_back({node, start_row, in.number<std::uint64_t>()});
    }
    return state;
  }
  static std::string type() { return "partial_matches<" + state_type<Row>() + ">"; }
};

}  // namespace weir
