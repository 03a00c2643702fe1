#include <weir/checkpoint/recovery_choice.hpp>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

FailJob unusable(const std::string& message) { return FailJob(message, ExitCode::kStateUnusable); }

constexpr Epoch kNothing = std::numeric_limits<Epoch>::max();

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
                    "checkpoint directory of its own, or its name with --job",
                    what, job, instance, options.job, options.instance));
  }
}

void RecoveryChoice::check_same_job(const CommitRecord& record) {
  check_ownership(fmt::format("the commit record of epoch {}", record.epoch), record.job, record.instance,
                  options_);
  // Nothing is committed, or nobody knows where: there is nothing to compare.
  if (record.epoch == kNoEpoch || record.store.empty() || options_.takes_job_over) return;
  if (record.store == store_.identity(false) || is_here(record) || is_savepoint(record)) return;
  const bool same_pipeline = record.fingerprint == options_.fingerprint;
  throw unusable(
      fmt::format("a job '{}' (instance '{}', {}) has committed epoch {} in Kafka, last run by {}, and its "
                  "checkpoints are not in the place "
                  "that this one is given ({}); to go on would shut it out. Nothing was. If this is to be "
                  "another job beside it, give "
                  "it a name of its own with --job NAME; if its checkpoints have moved, name their place "
                  "with --checkpoint-dir or bring them here; to take "
                  "the job's name over on purpose, with empty state, use --from fresh",
                  record.job, record.instance, same_pipeline ? "the same pipeline" : "another pipeline",
                  record.epoch, record.holder, store_.describe(record.epoch)));
}

/// A place that was brought back without what tells it from others.
bool RecoveryChoice::is_here(const CommitRecord& record) {
  const std::vector<Epoch> epochs = store_.epochs();
  if (std::find(epochs.begin(), epochs.end(), record.epoch) == epochs.end()) return false;
  try {
    return checksum(store_.load(record.epoch)) == record.manifest;
  } catch (const FailJob&) {
    return false;
  }
}

/// What was committed last is what the savepoint holds: nothing is repeated or lost by moving there.
bool RecoveryChoice::is_savepoint(const CommitRecord& record) const {
  if (!options_.savepoint) return false;
  const Manifest& savepoint = options_.savepoint->manifest;
  return savepoint.job == record.job && savepoint.instance == record.instance &&
         savepoint.epoch == record.epoch && same_positions(savepoint.sources, record.sources);
}

ChosenCheckpoint RecoveryChoice::choose(const std::optional<CommitRecord>& record) {
  const bool committed = record && record->epoch != kNoEpoch;
  const Epoch oldest = goes_back_to_savepoint(record) ? kNoEpoch : options_.oldest;
  const Epoch chosen = committed ? epoch_of(*record, oldest) : epoch_without_record(oldest);
  if (chosen == kNoEpoch) return {};
  Loaded loaded = load(chosen);
  // An older one, where duplicates are allowed and the newest is damaged, has no record.
  if (committed && record->epoch == loaded.manifest.epoch &&
      (record->manifest != loaded.checksum || !same_positions(record->sources, loaded.manifest.sources)))
    throw unusable(
        fmt::format("the commit record of epoch {} names another checkpoint than the one in {}; restore "
                    "the directory that this "
                    "job last used, or start over with --from fresh",
                    chosen, store_.describe(chosen)));
  return {std::move(loaded.manifest), loaded.checksum};
}

/// Whether there are commits of a run that began with the savepoint, also where they can no longer be restored: that is for the rest to refuse, not to begin once more.
bool RecoveryChoice::goes_back_to_savepoint(const std::optional<CommitRecord>& record) {
  if (!options_.savepoint || options_.oldest != kNothing) return false;
  const std::vector<Epoch> epochs = store_.epochs();
  const auto began_with_it = [&](Epoch epoch) {
    return decode_manifest(store_.load(epoch), store_.describe(epoch)).origin == options_.savepoint->checksum;
  };
  if (record && record->epoch != kNoEpoch) {
    if (record->origin != Checksum{}) return record->origin == options_.savepoint->checksum;
    const bool here = std::find(epochs.begin(), epochs.end(), record->epoch) != epochs.end();
    return here && began_with_it(record->epoch);
  }
  if (epochs.empty()) return store_.noted_committed() != kNoEpoch;
  return (!has_log_ || store_.noted_committed() != kNoEpoch) && began_with_it(epochs.back());
}

Epoch RecoveryChoice::epoch_of(const CommitRecord& record, Epoch oldest) {
  if (record.epoch < oldest) return kNoEpoch;
  const std::vector<Epoch> epochs = store_.epochs();
  if (const Epoch noted = store_.noted_committed(); noted > record.epoch && !options_.allow_duplicates)
    throw unusable(
        fmt::format("epoch {} was committed by this job, as is noted where {} is, but Kafka's newest commit "
                    "record is of epoch {}: the control topic "
                    "is another cluster's, or has lost records; point to the right cluster, or accept that "
                    "output is repeated "
                    "with --allow-duplicates, or start over with --from fresh",
                    noted, store_.describe(noted), record.epoch));
  // Exactly the committed one: a later manifest that is durable never became visible, an earlier one is history.
  if (std::find(epochs.begin(), epochs.end(), record.epoch) != epochs.end()) return record.epoch;
  if (const auto older = newest_before(record.epoch); older && options_.allow_duplicates) return *older;
  throw unusable(
      fmt::format("epoch {} is committed in Kafka, but its checkpoint is missing: {}; bring the directory "
                  "back from a copy, or accept "
                  "that output is repeated from an older checkpoint with --allow-duplicates, or start over "
                  "with --from fresh",
                  record.epoch, store_.describe(record.epoch)));
}

Epoch RecoveryChoice::epoch_without_record(Epoch oldest) {
  const std::vector<Epoch> epochs = store_.epochs();
  const Epoch newest = epochs.empty() ? kNoEpoch : epochs.back();
  Epoch noted = store_.noted_committed();
  if (std::max(newest, noted) < oldest) return kNoEpoch;
  if (noted < oldest) noted = kNoEpoch;  // of a life that is ignored
  if (has_log_ && noted == kNoEpoch) {
    // Durable but never committed, which only the first epoch of a chain can be while the log knows nothing.
    if (newest == kNoEpoch) return kNoEpoch;
    const Manifest manifest = load(newest).manifest;
    if (manifest.predecessor == kNoEpoch) return kNoEpoch;
    throw unusable(fmt::format(
        "{} follows epoch {}, but Kafka holds no commit record of this job: its control topic was "
        "deleted or is another "
        "cluster's; point to the right cluster, or start over with --from fresh",
        store_.describe(newest), manifest.predecessor));
  }
  if (has_log_) {
    if (newest != kNoEpoch) load(newest);  // another's is refused as such
    throw unusable(
        fmt::format("epoch {} was committed by this job, as is noted where {} is, but Kafka holds no commit "
                    "record of it: "
                    "its control topic was deleted or is another cluster's; point to the right cluster, or "
                    "start over with "
                    "--from fresh",
                    noted, store_.describe(noted)));
  }
  if (noted > newest && !(options_.allow_duplicates && newest != kNoEpoch))
    throw unusable(fmt::format(
        "epoch {} was committed by this job, as is noted beside it, but its checkpoint is missing: {}; bring "
        "it back from "
        "a copy{}, or start over with --from fresh",
        noted, store_.describe(noted),
        newest == kNoEpoch
            ? ""
            : ", or accept that output is repeated from an older checkpoint with --allow-duplicates"));
  return newest;
}

std::optional<Epoch> RecoveryChoice::newest_before(Epoch epoch) {
  const std::vector<Epoch> epochs = store_.epochs();
  const auto older = std::find_if(epochs.rbegin(), epochs.rend(), [&](Epoch e) { return e < epoch; });
  return older == epochs.rend() ? std::nullopt : std::optional(*older);
}

RecoveryChoice::Loaded RecoveryChoice::load(Epoch epoch) {
  Loaded loaded;
  try {
    const std::string bytes = store_.load(epoch);
    loaded = {decode_manifest(bytes, store_.describe(epoch)), checksum(bytes)};
  } catch (const FailJob& failure) {
    const auto older = newest_before(epoch);
    if (failure.code() != ExitCode::kStateUnusable || !older) throw;
    if (options_.allow_duplicates) return load(*older);
    throw unusable(fmt::format(
        "{}; the checkpoint before it, epoch {}, is kept, but going on from there would repeat output that "
        "is visible already: bring the file back from a copy, or accept that with --allow-duplicates",
        failure.what(), *older));
  }
  check_ownership(store_.describe(epoch), loaded.manifest.job, loaded.manifest.instance, options_);
  return loaded;
}

}  // namespace weir
