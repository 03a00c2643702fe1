// The commit of kafka_transactions.hpp, on a page of its own: every line of it is protocol
// (docs/checkpoint-protocol.md).
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "kafka_transactions.hpp"

namespace weir::kafka {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCommitWithin{60'000};
constexpr milliseconds kSlice{5'000};  // of one call; a repeatable one is repeated

/// Calls the kill point "during_commit" a moment after a commit has begun; does nothing unless a test asks
/// for it.
class DuringCommit {
 public:
  DuringCommit() {
    if (!detail::kill_hook.load(std::memory_order_relaxed)) return;
    thread_ = std::jthread([] {
      std::this_thread::sleep_for(std::chrono::microseconds{300});
      kill_point("during_commit");
    });
  }

 private:
  std::jthread thread_;
};

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCommitted:
      return "committed";
    case Outcome::kAborted:
      return "aborted";
    case Outcome::kFenced:
      return "fenced";
    case Outcome::kAmbiguous:
      return "ambiguous";
  }
  return "";
}

}  // namespace

void Transactions::commit(Epoch epoch, const std::string& record) {
  WEIR_ASSERT(producer_ && resolved_, "a commit follows fence(), and no commit without an answer");
  WEIR_ASSERT(epoch > committed(), "epochs are committed in order");
  const auto begun = environment_.now();
  const auto deadline = begun + kCommitWithin;
  try {
    produce_record(record, deadline);
    await_deliveries(deadline);
  } catch (const Fenced&) {
    count(Outcome::kFenced);
    throw;
  } catch (const std::exception&) {
    count(Outcome::kAborted);
    throw;
  }
  kill_point("after_flush_before_commit");
  {
    const DuringCommit during;
    finish_transaction(fmt::format("the commit of epoch {}", epoch), deadline);
  }
  count(Outcome::kCommitted);
  kill_point("after_commit_before_ack");
  note_duration(environment_.now() - begun);
  // Writers go on when they see the epoch, so the next transaction must be open by then.
  begin();
  if (!lost_) committed_.store(epoch, std::memory_order_release);
}

// A transaction of its own: the broker takes it only from the newest producer of this identity.
void Transactions::claim(const std::string& record) {
  WEIR_ASSERT(producer_ && resolved_, "a claim follows fence()");
  const auto deadline = in(kCommitWithin);
  produce_record(record, deadline);
  await_deliveries(deadline);
  finish_transaction("the claim", deadline);
  begin();
}

void Transactions::produce_record(const std::string& record, Environment::Instant deadline) {
  check();
  const Outgoing message{instance_, record, std::nullopt, commit_partition_};
  expect(*record_deliveries_, 1);
  while (!produce(topic(address_.commit_topic), message, *record_deliveries_)) {
    if (environment_.now() > deadline)
      throw RestartJob(fmt::format("kafka at {}: no room for the commit record", address_.brokers));
    std::this_thread::sleep_for(milliseconds{1});
  }
}

void Transactions::await_deliveries(Environment::Instant deadline) {
  std::unique_lock lock(mutex_);
  while (outstanding_ > 0 && !lost_) {
    hurry();  // again and again: a flush ends before a slow broker has let the partition into the transaction
    settled_.wait_for(lock, milliseconds{10});
    if (environment_.now() > deadline)
      throw RestartJob(fmt::format("kafka at {}: {} messages of the transaction are not acknowledged{}",
                                   address_.brokers, outstanding_.load(), producer_->cause()));
  }
  lock.unlock();
  check();
}

void Transactions::finish_transaction(const std::string& what, Environment::Instant deadline) {
  resolved_ = false;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - environment_.now());
    const auto slice = static_cast<int>(std::clamp(left, milliseconds{1}, kSlice).count());
    const auto failure = examine(rd_kafka_commit_transaction(producer_->get(), slice), producer_->get());
    if (!failure) break;
    if (failure->remedy != Remedy::kRepeat || environment_.now() > deadline)
      give_up(*failure, fmt::format("kafka at {}: {} by {} failed: {}{}", address_.brokers, what, id_,
                                    failure->text, producer_->cause()));
  }
  resolved_ = true;
}

void Transactions::give_up(const Failure& failure, const std::string& message) {
  resolved_ = failure.abortable;
  if (failure.remedy == Remedy::kFenced) count(Outcome::kFenced);
  else count(failure.abortable ? Outcome::kAborted : Outcome::kAmbiguous);
  raise(failure.remedy, message);
}

void Transactions::count(Outcome outcome) {
  if (metrics_)
    metrics_
        ->counter("weir_kafka_transactions_total", "Transactions of the Kafka sinks by how they ended",
                  {{"result", name_of(outcome)}})
        .add(1);
}

void Transactions::note_duration(Environment::Instant duration) {
  if (metrics_)
    metrics_
        ->counter("weir_kafka_commit_seconds_total", "Time that commits of Kafka transactions took.", {},
                  1e-9)
        .add(static_cast<std::uint64_t>(duration.count()));
}

}  // namespace weir::kafka
