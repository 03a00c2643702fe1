#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "kafka_address.hpp"
#include "kafka_client.hpp"

namespace weir::kafka {

/// How much librdkafka's producer holds, and when a batch of it leaves.
///
/// Of each partition one batch is on its way at a time (librdkafka lets fewer than five *messages* of a
/// partition be in flight before it sends more). While it is, and more of the partition has waited for the
/// linger, librdkafka's thread asks for answers without a pause: it spins. So the linger is longer than
/// anything waits, full batches follow each other, and what is left at a barrier is flushed when nothing full
/// is on its way (Backlog).
///
/// The queue has room for two batches of each partition, so that one fills while the other travels: it is
/// never full without a full batch.
struct ProducerLimits {
  /// `given` are the user's properties, which win; `partitions` those of all topics written; `memory_bytes` what the queue may hold
  /// where that is less than it would (0: no matter).
  static ProducerLimits of(const std::map<std::string, std::string>& given, int partitions,
                           std::size_t memory_bytes);

  std::int64_t queue_kbytes;
  std::int64_t queue_messages;
  std::int64_t batch_bytes;
  std::int64_t batch_messages;
  std::int64_t linger_millis;
};

/// librdkafka's configuration of a transactional producer.
Conf make_producer_conf(const Address& address, const std::string& transactional_id,
                        const ProducerLimits& limits);

}  // namespace weir::kafka
