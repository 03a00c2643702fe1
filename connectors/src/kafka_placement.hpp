#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <librdkafka/rdkafka.h>

#include "kafka_backlog.hpp"

namespace weir::kafka {

/// How keys become partitions: librdkafka's partitioner of this name.
using Partitioner = std::int32_t (*)(const rd_kafka_topic_t*, const void* key, std::size_t key_bytes,
                                     std::int32_t partitions, void*, void*);

/// Chooses partitions for one writer's messages. Those with a key go where the partitioner says; those without
/// stay with one partition for about a batch, or until the next barrier, then go to the one that has least to
/// do: batches are full sooner than if each message were thrown somewhere.
class Placement {
 public:
  /// `name` is librdkafka's `partitioner`.
  Placement(const std::string& name, Backlog& backlog);

  /// Called from librdkafka's partitioner callback, within the call that hands a message over.
  std::int32_t place(const rd_kafka_topic_t* topic, const void* key, std::size_t key_bytes,
                     std::int32_t partitions);
  /// The partition chosen last.
  std::int32_t chosen() const { return chosen_.load(std::memory_order_relaxed); }
  /// A message of so many bytes has been handed over.
  void took(std::int64_t bytes) { left_ -= bytes; }
  /// The next message without key goes elsewhere.
  void move_on() { left_ = 0; }

 private:
  std::int32_t next(const rd_kafka_topic_t* topic, std::int32_t partitions);

  Backlog& backlog_;
  Partitioner partitioner_;
  bool keyless_by_partitioner_;  ///< the user's choice sends those without key to a certain place
  std::atomic<std::int32_t> chosen_{-1};
  std::int32_t keyless_ = -1;  ///< where those without key go at present
  std::int64_t left_ = 0;      ///< bytes, until they go elsewhere
};

}  // namespace weir::kafka
