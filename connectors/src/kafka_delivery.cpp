// The messages of kafka_transactions.hpp on their way: handed over, flushed, and what became of them.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_transactions.hpp"

namespace weir::kafka {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFlushSlice{10};
constexpr milliseconds kQuiet{20};  // without a delivery while someone waits
constexpr milliseconds kLost{200};  // the same, though a full batch is on its way
constexpr milliseconds kNap{100};

// What a broker would refuse again, and what to do about it; empty for what may pass.
const char* advice(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; the topic's max.message.bytes is below the sink's message.max.bytes";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "; a compacted topic wants a key: add key=<field> to the sink's address";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "; add timestamp=clock to the sink's address";
    default:
      return "";
  }
}

}  // namespace

Deliveries* Transactions::new_deliveries(const std::string& topic) {
  const auto partitioner = address_.properties.find("partitioner");
  std::lock_guard lock(mutex_);
  return &deliveries_.emplace_back(*this, *topics_.at(topic).backlog,
                                   partitioner == address_.properties.end() ? "" : partitioner->second);
}

void Transactions::expect(Deliveries& deliveries, std::int64_t messages) {
  touched_.store(true, std::memory_order_relaxed);
  deliveries.outstanding.fetch_add(messages, std::memory_order_relaxed);
  outstanding_.fetch_add(messages, std::memory_order_relaxed);
}

void Transactions::settle(Deliveries& deliveries, std::int64_t messages) {
  deliveries.outstanding.fetch_sub(messages, std::memory_order_release);
  if (outstanding_.fetch_sub(messages, std::memory_order_acq_rel) != messages) return;
  std::lock_guard lock(mutex_);
  settled_.notify_all();
}

bool Transactions::produce(rd_kafka_topic_t* topic, const Outgoing& message, Deliveries& deliveries) {
  const std::string_view key = message.key.value_or(std::string_view{});
  const auto code = rd_kafka_producev(
      producer_->get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
      RD_KAFKA_V_TIMESTAMP(message.millis.value_or(0)), RD_KAFKA_V_PARTITION(message.partition),
      RD_KAFKA_V_OPAQUE(&deliveries), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto bytes = static_cast<std::int64_t>(key.size() + message.value.size());
    deliveries.backlog.add(deliveries.placement.chosen(), 1, bytes);
    deliveries.placement.took(bytes);
    return true;
  }
  const std::string text = fmt::format("kafka topic {}: a message of {} bytes cannot be produced: {}",
                                       rd_kafka_topic_name(topic), message.value.size(), text_of(code));
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    if (message.value.size() > static_cast<std::size_t>(limits_.queue_kbytes) * 1024)
      throw FailJob(text + "; queue.buffering.max.kbytes sets the limit");
    full_.store(true, std::memory_order_release);
    return false;
  }
  check();
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    throw FailJob(text + "; message.max.bytes sets the limit");
  raise(Remedy::kRestart, text + producer_->cause());
}

void Transactions::hurry() {
  if (hurry_.exchange(true, std::memory_order_acq_rel)) return;
  const Queue main(rd_kafka_queue_get_main(producer_->get()));
  rd_kafka_queue_yield(main.get());
}

// The only thread that serves delivery reports while writers write: a second one would leave this one asleep on
// an empty queue. It flushes when nothing full is on its way (see Backlog); when someone waits only for room, or
// something full does not arrive, after a while without a delivery.
void Transactions::serve(std::stop_token stop) {
  auto since = environment_.now();  // nothing was delivered, though someone waits
  while (!stop.stop_requested()) {
    const bool hurried = hurry_.load(std::memory_order_acquire);
    const bool awaited = full_.exchange(false, std::memory_order_acq_rel) || hurried;
    const bool travels = has_full_batch();
    const auto now = environment_.now();
    if (!awaited) since = now;
    if ((hurried && !travels) || now - since > (travels ? kLost : kQuiet)) {
      hurry_.store(false, std::memory_order_release);
      rd_kafka_flush(producer_->get(), static_cast<int>(kFlushSlice.count()));
      since = now;
    } else if (rd_kafka_poll(producer_->get(), static_cast<int>((awaited ? kQuiet : kNap).count())) > 0) {
      since = now;
    }
    publish(reports_);
  }
}

bool Transactions::has_full_batch() const {
  return std::any_of(topics_.begin(), topics_.end(),
                     [](const auto& topic) { return topic.second.backlog->has_full_batch(); });
}

std::int32_t Transactions::on_placing(const rd_kafka_topic_t* topic, const void* key, std::size_t key_bytes,
                                      std::int32_t partitions, void*, void* deliveries) {
  return static_cast<Deliveries*>(deliveries)->placement.place(topic, key, key_bytes, partitions);
}

void Transactions::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& deliveries = *static_cast<Deliveries*>(message->_private);
  deliveries.owner.delivered(*message, deliveries);
}

void Transactions::delivered(const rd_kafka_message_t& message, Deliveries& deliveries) {
  if (message.err)
    lose(fmt::format("kafka topic {}: a message was not delivered: {}{}", rd_kafka_topic_name(message.rkt),
                     text_of(message.err), advice(message.err)),
         *advice(message.err) ? Remedy::kRefused : remedy_of(message.err));
  // The call that ends a transaction serves reports too, of messages that it gives up.
  Reports alone;
  const bool serving = std::this_thread::get_id() == server_.get_id();
  Reports& reports = serving ? reports_ : alone;
  if (reports.deliveries != &deliveries || reports.partition != message.partition) publish(reports);
  reports.deliveries = &deliveries;
  reports.partition = message.partition;
  reports.messages += 1;
  reports.bytes += static_cast<std::int64_t>(message.len + message.key_len);
  if (!serving || reports.messages == deliveries.outstanding.load(std::memory_order_relaxed))
    publish(reports);
}

void Transactions::publish(Reports& reports) {
  if (reports.messages == 0) return;
  reports.deliveries->backlog.add(reports.partition, -reports.messages, -reports.bytes);
  settle(*reports.deliveries, reports.messages);
  reports = {};
}

}  // namespace weir::kafka
