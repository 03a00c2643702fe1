#include <weir/checkpoint/commit_protocol.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

namespace weir {

namespace {

FailJob unusable(const std::string& message) { return FailJob(message, ExitCode::kStateUnusable); }

bool same_positions(const std::vector<PartitionProgress>& a, const std::vector<PartitionProgress>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.source == y.source && x.partition == y.partition && x.end == y.end;
  });
}

}  // namespace

void check_ownership(const std::string& what, const std::string& job, const std::string& instance,
                     const RecoveryOptions& options) {
  if (job != options.job || instance != options.instance) {
    throw unusable(
        fmt::format("{} belongs to job '{}' instance '{}', not to job '{}' instance '{}'; give this job a "
                    "checkpoint directory of its own",
                    what, job, instance, options.job, options.instance));
  }
}

CommitProtocol::CommitProtocol(CheckpointStore& store, CommitLog* log, std::vector<NamedSink> sinks)
    : store_(store), log_(log), sinks_(std::move(sinks)) {}

RecoveryPoint CommitProtocol::recover(const RecoveryOptions& options) {
  // Before the fence: one that was superseded must not shut out its successor.
  store_.check_owner();
  if (log_) fence();
  store_.claim(log_ != nullptr);
  const std::optional<CommitRecord> record = committed_in_log(options);
  RecoveryPoint point;
  point.next_epoch = std::max(store_.highest_epoch(), record ? record->epoch : kNoEpoch) + 1;
  Epoch chosen = choose(record, options);
  if (chosen == kNoEpoch) point.ignored = record ? record->epoch : last_without_log();
  if (chosen != kNoEpoch) {
    point.manifest = load(chosen, options);
    chosen = point.manifest->epoch;  // an older one, where duplicates are allowed and the newest is damaged
    point.checksum = last_checksum_;
    if (record && record->epoch == chosen) {
      if (record->manifest != last_checksum_ || !same_positions(record->sources, point.manifest->sources)) {
        throw unusable(
            fmt::format("the commit record of epoch {} names another checkpoint than the one in {}; restore "
                        "the directory that this "
                        "job last used, or start over with --from fresh",
                        chosen, store_.describe(chosen)));
      }
    }
  }
  last_ = chosen;
  if (chosen == kNoEpoch) last_checksum_ = {};
  else store_.note_committed(chosen);
  recover_sinks(point.manifest);
  return point;
}

void CommitProtocol::fence() {
  // First of all: before the fence a predecessor's commit may still be in doubt, and every later answer with it.
  log_->fence();
  kill_point("after_fence_before_read");
}

std::optional<CommitRecord> CommitProtocol::committed_in_log(const RecoveryOptions& options) {
  if (!log_) return std::nullopt;
  const std::optional<std::string> bytes = log_->last_record();
  if (!bytes) return std::nullopt;
  CommitRecord record = decode_commit_record(*bytes);
  check_ownership(fmt::format("the commit record of epoch {}", record.epoch), record.job, record.instance,
                  options);
  return record;
}

Epoch CommitProtocol::last_without_log() {
  if (log_) return kNoEpoch;
  const std::vector<Epoch> epochs = store_.epochs();
  return epochs.empty() ? kNoEpoch : epochs.back();
}

Epoch CommitProtocol::choose(const std::optional<CommitRecord>& record, const RecoveryOptions& options) {
  const std::vector<Epoch> epochs = store_.epochs();
  if (record) {
    if (record->epoch < options.oldest) return kNoEpoch;
    // Exactly the committed one: a later manifest that is durable never became visible, an earlier one is history.
    if (std::find(epochs.begin(), epochs.end(), record->epoch) != epochs.end()) return record->epoch;
    const auto older =
        std::find_if(epochs.rbegin(), epochs.rend(), [&](Epoch e) { return e < record->epoch; });
    if (options.allow_duplicates && older != epochs.rend()) return *older;
    throw unusable(
        fmt::format("epoch {} is committed in Kafka, but its checkpoint is missing: {}; bring the directory "
                    "back from a copy, or accept "
                    "that output is repeated from an older checkpoint with --allow-duplicates, or start over "
                    "with --from fresh",
                    record->epoch, store_.describe(record->epoch)));
  }
  if (epochs.empty() || epochs.back() < options.oldest) return kNoEpoch;
  if (!log_) return epochs.back();
  // Durable but never committed, which only the first epoch of a chain can be while the log knows nothing.
  const Manifest newest = load(epochs.back(), options);
  if (newest.predecessor == kNoEpoch) return kNoEpoch;
  throw unusable(
      fmt::format("{} follows epoch {}, but Kafka holds no commit record of this job: its control topic was "
                  "deleted or is another "
                  "cluster's; point to the right cluster, or start over with --from fresh",
                  store_.describe(epochs.back()), newest.predecessor));
}

Manifest CommitProtocol::load(Epoch epoch, const RecoveryOptions& options) {
  Manifest manifest;
  try {
    const std::string bytes = store_.load(epoch);
    manifest = decode_manifest(bytes, store_.describe(epoch));
    last_checksum_ = checksum(bytes);
  } catch (const FailJob& failure) {
    const std::vector<Epoch> epochs = store_.epochs();
    const auto older = std::find_if(epochs.rbegin(), epochs.rend(), [&](Epoch e) { return e < epoch; });
    if (failure.code() != ExitCode::kStateUnusable || older == epochs.rend()) throw;
    if (options.allow_duplicates) return load(*older, options);
    throw unusable(fmt::format(
        "{}; the checkpoint before it, epoch {}, is kept, but going on from there would repeat output that "
        "is visible already: bring the file back from a copy, or accept that with --allow-duplicates",
        failure.what(), *older));
  }
  check_ownership(store_.describe(epoch), manifest.job, manifest.instance, options);
  return manifest;
}

void CommitProtocol::recover_sinks(const std::optional<Manifest>& manifest) {
  for (const NamedSink& named : sinks_) {
    std::vector<SinkPart> parts;
    if (manifest)
      for (const SinkProgress& progress : manifest->sinks)
        if (progress.sink == named.name) parts = progress.parts;
    named.sink->recover(manifest ? manifest->epoch : kNoEpoch, parts);
  }
}

void CommitProtocol::commit(Manifest manifest) {
  WEIR_ASSERT(manifest.epoch > last_, "epochs are committed in ascending order");
  manifest.predecessor = last_;
  manifest.predecessor_checksum = last_checksum_;
  const std::string bytes = encode(manifest);
  const Checksum sum = checksum(bytes);
  store_.publish(manifest.epoch, bytes);
  // Only now is the checkpoint that covers these rows durable. Committing earlier could publish rows whose inputs the
  // next attempt replays.
  if (log_)
    log_->commit(manifest.epoch, encode(CommitRecord{manifest.job, manifest.instance, manifest.epoch, sum,
                                                     manifest.sources}));
  kill_point("after_commit_before_sinks");
  store_.note_committed(manifest.epoch);
  for (const NamedSink& named : sinks_)
    for (const SinkProgress& progress : manifest.sinks)
      if (progress.sink == named.name) named.sink->commit(manifest.epoch, progress.parts);
  kill_point("before_retain");
  // The committed one and its predecessor: a commit that turns out not to have happened falls back by one.
  if (last_ == kNoEpoch) store_.retain({manifest.epoch});
  else store_.retain({last_, manifest.epoch});
  last_ = manifest.epoch;
  last_checksum_ = sum;
}

}  // namespace weir
