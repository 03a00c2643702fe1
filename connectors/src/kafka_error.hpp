#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kafka_client.hpp"

namespace weir::kafka {

/// What a failed transactional call asks for.
enum class Remedy {
  kRepeat,   ///< the same call again, up to a deadline
  kRestart,  ///< give this producer up, ask the log, restore
  kFail,     ///< a restart cannot help: not authorised, refused by the broker's configuration
  kRefused,  ///< the broker would refuse this row the next time, too
  kFenced,   ///< another holder of the transactional id has taken over
};

struct Failure {
  Remedy remedy;
  bool abortable;  ///< the transaction is intact and may be aborted at once
  std::string text;
};

/// Takes over what a transactional call returned; nullopt for success.
std::optional<Failure> examine(rd_kafka_error_t* returned, rd_kafka_t* client);

/// The same for calls that return a code only.
Remedy remedy_of(rd_kafka_resp_err_t code);

/// Throws what `remedy` stands for: RestartJob, FailJob with kCannotConnect or (kRefused) kJobFailed, or
/// Fenced.
[[noreturn]] void raise(Remedy remedy, const std::string& message);

/// Throws for a cluster that did not answer: FailJob(kCannotConnect), or RestartJob when this process has
/// reached it before: then it is away, not misspelt.
[[noreturn]] void raise_unreachable(const Client& client, std::string_view wanted);
/// Notes that the cluster has answered this process.
void note_reached(const std::string& brokers);

/// "; the job's user needs the right Read on topic flights", when `code` says that a right is missing; otherwise nothing.
std::string missing_right(rd_kafka_resp_err_t code, std::string_view right);

/// "Broker: Unknown topic or partition"
std::string text_of(rd_kafka_resp_err_t code);

}  // namespace weir::kafka
