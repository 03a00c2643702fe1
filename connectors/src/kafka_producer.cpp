#include "kafka_producer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace weir::kafka {

namespace {

using Values = std::map<std::string, std::string>;

constexpr std::int64_t kMebi = 1 << 20;
constexpr std::int64_t kQueueBytesLeast = 4 * kMebi;
constexpr std::int64_t kQueueBytesMost = 32 * kMebi;
constexpr std::int64_t kMessagesLeast = 10'000;
constexpr std::int64_t kMessagesMost = 200'000;
constexpr std::int64_t kBytesOfMessage = 250;      // that librdkafka needs besides what is in it
constexpr std::int64_t kMessageBytes = 1'000'000;  // librdkafka's message.max.bytes
// Brokers take 1,048,588 unless told otherwise. A prime: a batch to which rows of one size add up exactly would
// look as if it were not full (Backlog).
constexpr std::int64_t kBatchBytes = 999'983;
constexpr std::int64_t kBatchMessages = 10'000;
constexpr std::int64_t kLingerMillis = 30'000;

std::optional<std::int64_t> number(const Values& values, const char* key) {
  const auto found = values.find(key);
  if (found == values.end()) return std::nullopt;
  std::int64_t value = 0;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// librdkafka refuses a linger that is not below the time-outs of messages.
std::int64_t linger(const Values& given) {
  std::int64_t millis = kLingerMillis;
  for (const char* key : {"message.timeout.ms", "delivery.timeout.ms", "transaction.timeout.ms"})
    if (const auto timeout = number(given, key); timeout && *timeout > 0)
      millis = std::min(millis, *timeout / 2);
  return millis;
}

}  // namespace

ProducerLimits ProducerLimits::of(const Values& given, int partitions, std::size_t memory_bytes) {
  const std::int64_t batches = 2 * std::max(1, partitions);
  const std::int64_t message_bytes = number(given, "message.max.bytes").value_or(kMessageBytes);
  // A message that is larger than the queue would never be taken.
  const std::int64_t most = memory_bytes == 0 ? kQueueBytesMost
                                              : std::clamp(static_cast<std::int64_t>(memory_bytes),
                                                           kQueueBytesLeast, kQueueBytesMost);
  const std::int64_t messages_most =
      memory_bytes == 0 ? kMessagesMost
                        : std::clamp(static_cast<std::int64_t>(memory_bytes) / kBytesOfMessage,
                                     kMessagesLeast, kMessagesMost);
  const std::int64_t queue_bytes =
      std::max(std::clamp(batches * kBatchBytes, kQueueBytesLeast, most), message_bytes + 1024);
  ProducerLimits limits{};
  limits.queue_kbytes = number(given, "queue.buffering.max.kbytes").value_or(queue_bytes / 1024);
  limits.queue_messages =
      number(given, "queue.buffering.max.messages")
          .value_or(std::clamp<std::int64_t>(batches * kBatchMessages, messages_most / 5, messages_most));
  const std::int64_t share =
      std::clamp<std::int64_t>(limits.queue_kbytes * 1024 / batches, 16 * 1024, kBatchBytes);
  limits.batch_bytes = number(given, "batch.size").value_or(std::min(message_bytes, (share - 1) | 1));
  limits.batch_messages =
      number(given, "batch.num.messages")
          .value_or(std::clamp<std::int64_t>(limits.queue_messages / batches, 100, kBatchMessages));
  limits.linger_millis = linger(given);
  return limits;
}

Conf make_producer_conf(const Address& address, const std::string& transactional_id,
                        const ProducerLimits& limits) {
  return make_conf(
      address,
      {{"socket.nagle.disable", "true"},
       {"linger.ms", std::to_string(limits.linger_millis)},
       {"sticky.partitioning.linger.ms", "0"},  // rows without key are placed by weir
       {"batch.size", std::to_string(limits.batch_bytes)},
       {"batch.num.messages", std::to_string(limits.batch_messages)},
       {"compression.type", "lz4"},  // costs less than to send what it saves, and halves what the broker does
       {"queue.buffering.max.kbytes", std::to_string(limits.queue_kbytes)},
       {"queue.buffering.max.messages", std::to_string(limits.queue_messages)},
       {"retry.backoff.ms", "10"},
       {"transaction.timeout.ms", "300000"},
       {"partitioner", "murmur2_random"}},
      {{"transactional.id", transactional_id},
       {"enable.idempotence", "true"},
       {"allow.auto.create.topics", "false"}});
}

}  // namespace weir::kafka
