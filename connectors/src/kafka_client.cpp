#include "kafka_client.hpp"

#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir::kafka {

namespace {

constexpr int kErrorLevel = 3;  // of syslog; anything above is chatter

void on_log(const rd_kafka_t* client, int level, const char*, const char* text) {
  if (void* log = rd_kafka_opaque(client)) static_cast<ClientLog*>(log)->note(level, text);
}

// "[thrd:…]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms …)":
// who failed and why is all that helps a reader.
std::string shortened(std::string_view text) {
  if (text.starts_with("[thrd:"))
    if (const auto end = text.find("]: "); end != text.npos) text.remove_prefix(end + 3);
  if (const auto timing = text.find(" (after "); timing != text.npos) text = text.substr(0, timing);
  const auto connect = text.find(": Connect to ");
  const auto failed = text.find(" failed: ");
  if (connect == text.npos || failed == text.npos) return std::string(text);
  std::string_view broker = text.substr(0, connect);
  broker = broker.substr(0, broker.find('/'));
  return fmt::format("{}: {}", broker, text.substr(failed + 9));
}

}  // namespace

void ClientLog::note(int level, std::string_view text) {
  // "all brokers are down" says less than the line before it, which names one.
  if (level > kErrorLevel || text.find("brokers are down") != text.npos) return;
  std::lock_guard lock(mutex_);
  newest_ = shortened(text);
}

std::string ClientLog::newest() const {
  std::lock_guard lock(mutex_);
  return newest_;
}

Client::Client(rd_kafka_type_t type, Conf conf, std::string brokers) : brokers_(std::move(brokers)) {
  rd_kafka_conf_set_opaque(conf.get(), &log_);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  char reason[512];
  handle_ = rd_kafka_new(type, conf.get(), reason, sizeof reason);
  if (!handle_) throw FailJob(fmt::format("kafka client for {}: {}", brokers_, reason), ExitCode::kUsage);
  (void)conf.release();  // rd_kafka_new has taken it
}

Client::~Client() {
  // Nothing here may wait for a broker that is gone: what still has to be said to one is said before.
  if (rd_kafka_type(handle_) == RD_KAFKA_PRODUCER)
    rd_kafka_purge(handle_,
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::string Client::cause() const {
  std::string newest = log_.newest();
  return newest.empty() ? newest : ": " + newest;
}

}  // namespace weir::kafka
