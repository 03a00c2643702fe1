#include "kafka_client.hpp"

#include <chrono>
#include <condition_variable>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir::kafka {

namespace {

constexpr int kErrorLevel = 3;  // of syslog; anything above is chatter
constexpr std::chrono::seconds kDestroyWithin{2};

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (void* log = rd_kafka_opaque(client)) static_cast<ClientLog*>(log)->note(level, facility, text);
}

rd_kafka_resp_err_t on_broker(rd_kafka_t*, int32_t, const char*, const char* name, int port,
                              const char* state, void* log) {
  static_cast<ClientLog*>(log)->note_broker(fmt::format("{}:{}", name, port), state);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* log, char*, size_t) {
  return rd_kafka_interceptor_add_on_broker_state_change(client, "weir", on_broker, log);
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

void ClientLog::note(int level, std::string_view facility, std::string_view text) {
  // librdkafka's word for "the broker answered a fetch with: not mine, or no such topic". It has no other way to say so.
  if (facility == "BROKERUA") interruptions_.fetch_add(1, std::memory_order_release);
  // "all brokers are down" says less than the line before it, which names one.
  if (level > kErrorLevel || text.find("brokers are down") != text.npos) return;
  errors_.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  newest_ = shortened(text);
}

void ClientLog::note_broker(const std::string& name, std::string_view state) {
  if (state != "UP" && state != "DOWN") return;
  std::lock_guard lock(mutex_);
  const bool was_up = std::exchange(up_[name], state == "UP");
  if (was_up && state == "DOWN") interruptions_.fetch_add(1, std::memory_order_release);
}

std::string ClientLog::newest() const {
  std::lock_guard lock(mutex_);
  return newest_;
}

Client::Client(rd_kafka_type_t type, Conf conf, std::string brokers)
    : log_(std::make_shared<ClientLog>()), brokers_(std::move(brokers)) {
  rd_kafka_conf_set_opaque(conf.get(), log_.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_interceptor_add_on_new(conf.get(), "weir", on_new, log_.get());
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
  struct Ending {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto ending = std::make_shared<Ending>();
  const auto destroy = [ending, handle = handle_, log = log_] {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    std::lock_guard lock(ending->mutex);
    ending->done = true;
    ending->changed.notify_all();
  };
  try {
    std::thread(destroy).detach();
  } catch (const std::system_error&) {  // no thread to be had: then without a bound
    destroy();
  }
  std::unique_lock lock(ending->mutex);
  ending->changed.wait_for(lock, kDestroyWithin, [&] { return ending->done; });
}

std::string Client::cause() const {
  std::string newest = log_->newest();
  return newest.empty() ? newest : ": " + newest;
}

}  // namespace weir::kafka
