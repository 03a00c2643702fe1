#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/core/key_group.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/chain.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/store.hpp>
#include <weir/state/tier.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir::testing {

/// An operator on one worker of its key groups, restored from workers of others, without a runtime.
class RescaledWorker {
 public:
  /// What a worker keeps its state in.
  struct Memory {
    StateMode mode;
    std::size_t bytes;
  };

  RescaledWorker(const JobGraph& graph, const std::string& vertex, StateBackend& backend,
                 std::uint32_t number, KeyGroupRange groups, const std::vector<RescaledWorker*>& before,
                 Memory memory, std::unique_ptr<BatchConsumer> results)
      : groups_(groups) {
    auto tier = backend.create(number);
    OperatorContext context;
    context.name = vertex;
    for (RescaledWorker* worker : before) {
      copy_key_groups(*backend.open(100 + number, worker->files_), groups, *tier);
      context.restored.push_back(worker->progress_);
    }
    store_ = std::make_unique<StateStore>(std::move(tier), memory.mode, groups, memory.bytes);
    context.key_groups = groups;
    context.metrics = &metrics_;
    context.state = store_.get();
    context.outputs.resize(1);
    context.outputs[0].push_back(std::move(results));
    operator_ = operator_of(graph, vertex).make(std::move(context));
  }

  /// A row of another worker's keys is left to that.
  template <class Key, class Value>
  void add(std::uint32_t input, const Key& key, const Value& value, EventTime time) {
    const std::uint64_t hash = hash_key(key);
    if (!groups_.contains(key_group_of(hash, kDefaultMaxParallelism))) return;
    RowBatch<Keyed<Key, Value>> batch;
    batch.append(Keyed<Key, Value>{hash, key, value}, time);
    operator_->process(input, batch);
  }
  void watermark(EventTime to) {
    while (!operator_->advance_watermark(to)) {
    }
  }
  void snapshot() {
    struct Writer final : SnapshotWriter {
      explicit Writer(RescaledWorker& worker) : of(worker) {}
      void keyed(std::unique_ptr<SealedState> sealed) override {
        while (!sealed->proceed()) {
        }
        StateDelta delta;
        static_cast<const SealedEntries&>(*sealed).write(delta);
        delta.sort();
        of.store_->tier().apply(delta);
      }
      void operator_state(std::string bytes) override { of.progress_ = std::move(bytes); }
      RescaledWorker& of;
    } writer(*this);
    operator_->snapshot(writer);
    files_ = store_->tier().snapshot();
    store_->snapshot_taken();
  }
  /// The sum of all metrics.
  double counted() {
    double sum = 0;
    for (const MetricSample& sample : metrics_.collect()) sum += sample.value;
    return sum;
  }

 private:
  const KeyGroupRange groups_;
  MetricRegistry metrics_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Operator> operator_;
  std::string progress_;
  std::vector<SnapshotFile> files_;
};

}  // namespace weir::testing
