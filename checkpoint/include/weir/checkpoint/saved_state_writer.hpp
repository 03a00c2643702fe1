#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/store.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/state/state_type.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// Where a line stands, for messages. The file's name outlives the writer.
struct LineOf {
  std::string_view file;
  std::uint64_t number = 0;
};

/// Makes a checkpoint's keyed state from lines of JSON as `state dump` prints them, for the states of a pipeline: the types are the
/// pipeline's own. Lines that cannot be taken are collected, and then nothing is to be published. Only states of operators with
/// OperatorVertex::state_by_key can be written: others keep more about themselves than their entries say. Not thread-safe.
class SavedStateWriter {
 public:
  using StateName = std::pair<std::string, std::string>;  ///< operator and state

  /// Begins with nothing but who it is for: the manifest's job, instance, epoch and max_parallelism. References outlive this.
  SavedStateWriter(const JobGraph& graph, Manifest identity, StateBackend& backend);
  /// Begins with a checkpoint: all of it stays but the states that are written. Every file is verified.
  SavedStateWriter(const JobGraph& graph, CheckpointStore& base, Epoch epoch, StateBackend& backend);
  ~SavedStateWriter();

  /// This state is what is added from now on, and nothing else. Idempotent. Throws FailJob(kUsage), naming what there is, when the pipeline
  /// has no such state, or it cannot be written.
  void replace(const StateName& name);
  /// Takes `{"operator":…,"state":…,"key":…,"value":…}`, with "map_key" for maps; a list's lines add to each other. Operator and state
  /// may be left out when `otherwise` says them.
  void add(std::string_view line, const LineOf& at, const std::optional<StateName>& otherwise);

  /// Call after the last line. Each as "rows.jsonl line 7: value.total: \"x\" is not int64"; the first kProblemsMost of them.
  const std::vector<std::string>& problems();
  std::uint64_t problem_count() const { return problem_count_; }
  std::uint64_t entries() const { return entries_; }
  /// Puts the state into `to` and gives the manifest that names it. Requires: no problems.
  Manifest put_into(CheckpointStore& to);

  static constexpr std::size_t kProblemsMost = 20;

 private:
  struct Parser;
  struct Written {
    std::uint32_t id = 0;
    StateType key;
    StateType value;
    std::uint64_t next_chunk = 1;  ///< of lists
  };
  struct Shard {
    KeyGroupRange groups;
    std::unique_ptr<StateTier> tier;
    StateDelta delta;
    std::vector<std::pair<std::string, LineOf>> lines;  ///< of the entries in the delta
  };

  void take(std::string_view line, const LineOf& at, const std::optional<StateName>& otherwise);
  Written& state_of(const StateName& name);
  void put(std::string key, std::string_view value, KeyGroup group, const LineOf& at);
  void write(Shard& shard);
  void complain(const LineOf& at, const std::string& why);
  void describe_states();

  const JobGraph& graph_;
  Manifest manifest_;
  std::vector<Shard> shards_;
  std::map<StateName, Written> written_;
  std::unique_ptr<Parser> parser_;
  std::vector<std::string> problems_;
  std::uint64_t problem_count_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace weir
