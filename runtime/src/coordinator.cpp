#include "coordinator.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "restored_sources.hpp"

namespace weir {

/// Jobs on lanes may outlive the coordinator's interest, never its plan: the attempt waits for them before it ends.
struct Coordinator::Writing {
  Writing(PendingCheckpoint p, const CheckpointPlan& of, AttemptControl& c, bool is_last)
      : pending(std::move(p)), plan(of), control(c), last(is_last) {}
  void count(const StoredFile& file) {
    const std::string content = file.checksum.hex();
    (files_before.contains(content) ? referenced_bytes : new_bytes) += file.bytes;
    files.insert(content);
  }

  PendingCheckpoint pending;
  const CheckpointPlan& plan;
  AttemptControl& control;
  const bool last;
  std::mutex mutex;
  std::vector<StateShard> shards;
  std::exception_ptr failure;
  std::atomic<std::size_t> shards_missing{0};
  std::atomic<bool> done{false};
  std::set<std::string> files_before;  ///< of the checkpoint before, by checksum
  std::uint64_t new_bytes = 0;
  std::uint64_t referenced_bytes = 0;
  std::set<std::string> files;  ///< by checksum
};

struct Coordinator::Metrics {
  explicit Metrics(MetricRegistry& r)
      : completed(r.counter("weir_checkpoints_total", "Checkpoints, by how they ended.",
                            {{"result", "completed"}})),
        failed(
            r.counter("weir_checkpoints_total", "Checkpoints, by how they ended.", {{"result", "failed"}})),
        skipped(
            r.counter("weir_checkpoints_total", "Checkpoints, by how they ended.", {{"result", "skipped"}})),
        last_epoch(r.gauge("weir_checkpoint_last_epoch", "Epoch of the last commit.")),
        duration(
            r.gauge("weir_checkpoint_last_duration_seconds", "From the barrier's injection to the commit.")),
        completed_at(
            r.gauge("weir_checkpoint_last_completed_timestamp_seconds", "When the last commit happened.")),
        new_bytes(r.gauge("weir_checkpoint_last_size_bytes", kSizeHelp, {{"kind", "new"}})),
        referenced_bytes(r.gauge("weir_checkpoint_last_size_bytes", kSizeHelp, {{"kind", "referenced"}})) {}
  static constexpr const char* kSizeHelp =
      "State files of the last checkpoint: written for it, or taken over from the one before.";
  Counter& completed;
  Counter& failed;
  Counter& skipped;
  Gauge& last_epoch;
  Gauge& duration;
  Gauge& completed_at;
  Gauge& new_bytes;
  Gauge& referenced_bytes;
};

Coordinator::Coordinator(CheckpointPlan plan, AttemptControl& control, MetricRegistry& metrics)
    : plan_(std::move(plan)), control_(control), metrics_(std::make_unique<Metrics>(metrics)) {
  last_commit_ = plan_.identity.epoch;
  pinned_ = !plan_.pins_first_positions;
  if (!pinned_) control_.hold_reading();
  if (plan_.interval) next_due_ = control_.environment().now() + *plan_.interval;
}

Coordinator::~Coordinator() = default;

bool Coordinator::poll(Environment::Instant now) {
  collect();
  if (writing_ && writing_->done.load(std::memory_order_acquire)) {
    finish(now);
    if (last_) return false;
  }
  if (pending_ || writing_) return true;
  if (ended() || stopped()) begin(now, true);
  else if (!pinned_ || due(now)) begin(now, false);
  return true;
}

std::optional<Coordinator::UnderWay> Coordinator::under_way() const {
  if (pending_) return UnderWay{pending_->epoch(), begun_, false};
  if (writing_) return UnderWay{writing_->pending.epoch(), begun_, true};
  return std::nullopt;
}

bool Coordinator::ended() const {
  if (control_.tasks_finished() == plan_.tasks) return true;
  return plan_.ending_sources > 0 && control_.sources_at_end() == plan_.ending_sources;
}

bool Coordinator::due(Environment::Instant now) {
  if (!plan_.interval || now < next_due_) return false;
  next_due_ = now + *plan_.interval;
  if (control_.activity() != activity_seen_) return true;
  metrics_->skipped.add(1);  // nothing has moved since the last one: it still describes the job
  return false;
}

void Coordinator::begin(Environment::Instant now, bool last) {
  begun_ = now;
  last_ = last;
  activity_seen_ = control_.activity();
  pending_.emplace(plan_.next_epoch++, plan_.tasks);
  control_.request(pending_->epoch(), last);
}

void Coordinator::collect() {
  for (TaskSnapshot& snapshot : control_.take_snapshots())
    if (pending_->add(std::move(snapshot))) write();
}

void Coordinator::write() {
  writing_ = std::make_shared<Writing>(std::move(*pending_), plan_, control_, last_);
  writing_->files_before = files_;
  pending_.reset();
  auto keyed = writing_->pending.take_keyed();
  std::size_t shards = 0;
  for (const StateStore* store : plan_.stores) shards += store != nullptr;
  writing_->shards_missing = shards;
  Environment& environment = control_.environment();
  if (shards == 0) commit_on_lane(writing_);
  for (std::uint32_t worker = 0; worker < plan_.stores.size(); ++worker) {
    if (!plan_.stores[worker]) continue;
    auto sealed = std::make_shared<std::vector<std::unique_ptr<SealedState>>>(std::move(keyed[worker]));
    environment.run_blocking("state-" + std::to_string(worker),
                             [w = writing_, worker, sealed] { write_shard(w, worker, std::move(*sealed)); });
  }
}

void Coordinator::write_shard(const std::shared_ptr<Writing>& writing, std::uint32_t worker,
                              std::vector<std::unique_ptr<SealedState>> sealed) {
  StateStore& store = *writing->plan.stores[worker];
  try {
    StateDelta delta;
    for (auto& state : sealed) {
      static_cast<const SealedEntries&>(*state).write(delta);
      state.reset();  // so that only one of them is there twice
    }
    delta.sort();
    store.tier().apply(delta);
    kill_point("before_tier_snapshot");
    const std::vector<SnapshotFile> files = store.tier().snapshot();
    store.snapshot_taken();
    StateShard shard{worker, store.key_groups(), {}};
    for (const SnapshotFile& file : files) shard.files.push_back(writing->plan.checkpoints->put(file));
    std::lock_guard lock(writing->mutex);
    writing->shards.push_back(std::move(shard));
  } catch (...) {
    std::lock_guard lock(writing->mutex);
    writing->failure = std::current_exception();
  }
  if (writing->shards_missing.fetch_sub(1) == 1) commit_on_lane(writing);
}

/// Called by jobs, which must not throw: the lane may be new, and there may be no thread for it.
void Coordinator::commit_on_lane(const std::shared_ptr<Writing>& writing) {
  try {
    writing->control.environment().run_blocking("commit", [writing] { commit(writing); });
  } catch (...) {
    writing->failure = std::current_exception();
    end(writing);
  }
}

void Coordinator::commit(const std::shared_ptr<Writing>& writing) {
  try {
    if (writing->failure) std::rethrow_exception(writing->failure);
    Manifest manifest = writing->pending.assemble();
    const CheckpointPlan& plan = writing->plan;
    carry_on(plan.identity.sources, manifest.sources);
    manifest.job = plan.identity.job;
    manifest.instance = plan.identity.instance;
    manifest.fingerprint = plan.identity.fingerprint;
    manifest.max_parallelism = plan.identity.max_parallelism;
    manifest.parallelism = plan.identity.parallelism;
    manifest.schemas = plan.identity.schemas;
    manifest.origin = plan.identity.origin;
    manifest.created_millis = writing->control.environment().wall_clock().millis;
    manifest.final = writing->last;
    manifest.shards = std::move(writing->shards);
    std::sort(manifest.shards.begin(), manifest.shards.end(),
              [](const StateShard& a, const StateShard& b) { return a.worker < b.worker; });
    for (const StateShard& shard : manifest.shards)
      for (const StoredFile& file : shard.files) writing->count(file);
    plan.protocol->commit(manifest);
    plan.committed(manifest);
  } catch (...) {
    writing->failure = std::current_exception();
  }
  end(writing);
}

void Coordinator::end(const std::shared_ptr<Writing>& writing) {
  writing->done.store(true, std::memory_order_release);
  writing->control.coordinator().unpark();
}

void Coordinator::finish(Environment::Instant now) {
  const std::shared_ptr<Writing> written = std::exchange(writing_, nullptr);
  if (written->failure) {
    metrics_->failed.add(1);
    std::rethrow_exception(written->failure);
  }
  last_commit_ = written->pending.epoch();
  metrics_->completed.add(1);
  metrics_->last_epoch.set(static_cast<double>(last_commit()));
  metrics_->duration.set(std::chrono::duration<double>(now - begun_).count());
  metrics_->completed_at.set(static_cast<double>(control_.environment().wall_clock().millis) / 1000.0);
  metrics_->new_bytes.set(static_cast<double>(written->new_bytes));
  metrics_->referenced_bytes.set(static_cast<double>(written->referenced_bytes));
  files_ = std::move(written->files);
  if (!std::exchange(pinned_, true)) control_.allow_reading();
  if (plan_.interval) next_due_ = std::max(next_due_, now);
}

}  // namespace weir
