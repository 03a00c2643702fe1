#include <weir/checkpoint/commit_protocol.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "process_identity.hpp"

namespace weir {

namespace {

/// A predecessor that lives may commit and clean up between a look at the log and one at the store.
constexpr int kLooks = 10;

}  // namespace

CommitProtocol::CommitProtocol(CheckpointStore& store, CommitLog* log, std::vector<NamedSink> sinks,
                               std::function<void(const std::string&)> report)
    : store_(store), log_(log), sinks_(std::move(sinks)), report_(std::move(report)) {}

RecoveryPoint CommitProtocol::recover(const RecoveryOptions& options) {
  RecoveryChoice choice(store_, log_ != nullptr, options);
  // Before the fence: one that was superseded must not shut out its successor.
  store_.check_owner();
  const std::optional<CommitRecord> record = claim(choice, options);
  RecoveryPoint point;
  point.next_epoch = std::max(store_.highest_epoch(), record ? record->epoch : kNoEpoch) + 1;
  ChosenCheckpoint chosen = chosen_by(choice, record);
  point.manifest = std::move(chosen.manifest);
  if (!point.manifest) point.ignored = record ? record->epoch : store_.noted_committed();
  point.checksum = last_checksum_ = chosen.checksum;
  last_ = point.manifest ? point.manifest->epoch : kNoEpoch;
  if (last_ != kNoEpoch) store_.note_committed(last_);
  recover_sinks(point.manifest);
  return point;
}

/// Whatever can be refused is refused before anybody is shut out for it. Of two processes that come this far together the log
/// decides: the claim of the one that fenced first fails, that of the other is the higher one everywhere.
std::optional<CommitRecord> CommitProtocol::claim(RecoveryChoice& choice, const RecoveryOptions& options) {
  Claim claim{0, log_ != nullptr};
  std::optional<CommitRecord> record;
  if (log_) {
    look(choice);
    const ClaimNumber reserved = reserve_sinks();
    fence();
    record = record_in(log_->last_record());
    if (record) choice.check_same_job(*record);
    claim.number = std::max({record ? record->claim : 0, store_.last_claim(), reserved}) + 1;
    record_ = record.value_or(CommitRecord{});
    record_.job = options.job;
    record_.instance = options.instance;
    record_.claim = claim.number;
    record_.store = store_.identity(true);
    record_.fingerprint = options.fingerprint;
    record_.holder = this_process();
    kill_point("before_log_claim");
    log_->claim(encode(record_));
    kill_point("after_log_claim");
    store_.take_over(claim.number);
  } else {
    // Sinks first: a place of checkpoints may be taken from a process that is silent, what it has staged may not.
    reserve_sinks();
    claim.number = store_.claim();
  }
  for (const NamedSink& named : sinks_) named.sink->claim(claim);
  kill_point("after_claim");
  return record;
}

/// What is missing may have gone because a successor has taken over meanwhile: then that is what there is to say.
ChosenCheckpoint CommitProtocol::chosen_by(RecoveryChoice& choice,
                                           const std::optional<CommitRecord>& record) {
  try {
    return choice.choose(record);
  } catch (const FailJob&) {
    store_.check_owner();
    throw;
  }
}

void CommitProtocol::look(RecoveryChoice& choice) {
  for (int n = 1;; ++n) {
    try {
      const std::optional<CommitRecord> record = record_in(log_->look());
      if (record) choice.check_same_job(*record);
      const ChosenCheckpoint chosen = choice.choose(record);
      if (chosen.manifest) choice.options().fits(*chosen.manifest);
      return;
    } catch (const FailJob& failure) {
      if (n == kLooks || failure.code() != ExitCode::kStateUnusable) throw;
    }
  }
}

ClaimNumber CommitProtocol::reserve_sinks() {
  ClaimNumber last = 0;
  for (const NamedSink& named : sinks_) last = std::max(last, named.sink->reserve(log_ != nullptr));
  return last;
}

void CommitProtocol::fence() {
  // First of all: before the fence a predecessor's commit may still be in doubt, and every later answer with it.
  log_->fence();
  kill_point("after_fence_before_read");
}

std::optional<CommitRecord> CommitProtocol::record_in(const std::optional<std::string>& bytes) const {
  if (!bytes) return std::nullopt;
  return decode_commit_record(*bytes);
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
  if (log_) {
    record_.epoch = manifest.epoch;
    record_.manifest = sum;
    record_.sources = manifest.sources;
    record_.origin = manifest.origin;
    log_->commit(manifest.epoch, encode(record_));
  }
  kill_point("after_commit_before_sinks");
  afterwards(manifest.epoch, [&] { store_.note_committed(manifest.epoch); });
  tell_sinks(manifest);
  kill_point("before_retain");
  // The committed one and its predecessor: a commit that turns out not to have happened falls back by one.
  std::vector<Epoch> kept{manifest.epoch};
  if (last_ != kNoEpoch) kept.push_back(last_);
  afterwards(manifest.epoch, [&] { store_.retain(kept); });
  last_ = manifest.epoch;
  last_checksum_ = sum;
}

void CommitProtocol::tell_sinks(const Manifest& manifest) {
  for (const NamedSink& named : sinks_)
    for (const SinkProgress& progress : manifest.sinks)
      if (progress.sink == named.name) named.sink->commit(manifest.epoch, progress.parts);
}

/// The epoch is committed, whatever happens here: what is left undone is done behind the next one.
void CommitProtocol::afterwards(Epoch epoch, const std::function<void()>& action) {
  try {
    action();
  } catch (const Fenced&) {
    throw;
  } catch (const std::exception& failure) {
    report_(
        fmt::format("epoch {} is committed, but the checkpoints before it were not cleaned up: {}; tried "
                    "again after the next commit",
                    epoch, failure.what()));
  }
}

}  // namespace weir
