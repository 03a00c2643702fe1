#include "kafka_error.hpp"

#include <mutex>
#include <set>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir::kafka {

namespace {

std::mutex reached_mutex;
std::set<std::string>& reached() {
  static std::set<std::string> brokers;
  return brokers;
}

bool was_reached(const std::string& brokers) {
  std::lock_guard lock(reached_mutex);
  return reached().contains(brokers);
}

// A client that has met a fatal error answers every call with _FATAL; the cause lies behind it.
rd_kafka_resp_err_t underlying(rd_kafka_resp_err_t code, rd_kafka_t* client) {
  if (code != RD_KAFKA_RESP_ERR__FATAL) return code;
  char text[1];
  const auto cause = rd_kafka_fatal_error(client, text, sizeof text);
  return cause ? cause : code;
}

}  // namespace

Remedy remedy_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED:
      return Remedy::kFenced;
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return Remedy::kFail;
    default:
      return Remedy::kRestart;
  }
}

std::optional<Failure> examine(rd_kafka_error_t* returned, rd_kafka_t* client) {
  const Error error(returned);
  if (!error) return std::nullopt;
  Failure failure;
  failure.abortable = rd_kafka_error_txn_requires_abort(error.get());
  failure.text = rd_kafka_error_string(error.get());
  if (rd_kafka_error_is_retriable(error.get())) {
    failure.remedy = Remedy::kRepeat;
    return failure;
  }
  failure.remedy = remedy_of(underlying(rd_kafka_error_code(error.get()), client));
  return failure;
}

void raise(Remedy remedy, const std::string& message) {
  if (remedy == Remedy::kFenced) throw Fenced(message);
  if (remedy == Remedy::kFail) throw FailJob(message, ExitCode::kCannotConnect);
  if (remedy == Remedy::kRefused) throw FailJob(message);
  throw RestartJob(message);
}

void raise_unreachable(const Client& client, std::string_view wanted) {
  const std::string message =
      fmt::format("kafka at {} does not answer (wanted: {}){}", client.brokers(), wanted, client.cause());
  if (was_reached(client.brokers())) throw RestartJob(message);
  throw FailJob(message, ExitCode::kCannotConnect);
}

void note_reached(const std::string& brokers) {
  std::lock_guard lock(reached_mutex);
  reached().insert(brokers);
}

std::string missing_right(rd_kafka_resp_err_t code, std::string_view right) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return fmt::format("; the job's user needs the right {}", right);
    default:
      return "";
  }
}

std::string text_of(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

}  // namespace weir::kafka
