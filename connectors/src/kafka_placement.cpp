#include "kafka_placement.hpp"

#include <array>
#include <string_view>

namespace weir::kafka {

namespace {

struct Named {
  std::string_view name;
  Partitioner partitioner;
  bool places_keyless;
};

constexpr std::array<Named, 7> kPartitioners{{
    {"random", rd_kafka_msg_partitioner_random, false},
    {"consistent", rd_kafka_msg_partitioner_consistent, true},
    {"consistent_random", rd_kafka_msg_partitioner_consistent_random, false},
    {"murmur2", rd_kafka_msg_partitioner_murmur2, true},
    {"murmur2_random", rd_kafka_msg_partitioner_murmur2_random, false},
    {"fnv1a", rd_kafka_msg_partitioner_fnv1a, true},
    {"fnv1a_random", rd_kafka_msg_partitioner_fnv1a_random, false},
}};

}  // namespace

Placement::Placement(const std::string& name, Backlog& backlog)
    : backlog_(backlog),
      partitioner_(rd_kafka_msg_partitioner_murmur2_random),
      keyless_by_partitioner_(false) {
  for (const Named& known : kPartitioners)
    if (known.name == name) {
      partitioner_ = known.partitioner;
      keyless_by_partitioner_ = known.places_keyless;
    }
}

std::int32_t Placement::place(const rd_kafka_topic_t* topic, const void* key, std::size_t key_bytes,
                              std::int32_t partitions) {
  const std::int32_t chosen = key || keyless_by_partitioner_
                                  ? partitioner_(topic, key, key_bytes, partitions, nullptr, nullptr)
                                  : next(topic, partitions);
  chosen_.store(chosen, std::memory_order_relaxed);
  return chosen;
}

std::int32_t Placement::next(const rd_kafka_topic_t* topic, std::int32_t partitions) {
  if (left_ > 0 && keyless_ < partitions) return keyless_;
  left_ = backlog_.batch_bytes();
  keyless_ = backlog_.least(partitions, keyless_);
  for (int tries = 1; tries < partitions && !rd_kafka_topic_partition_available(topic, keyless_); ++tries)
    keyless_ = (keyless_ + 1) % partitions;
  return keyless_;
}

}  // namespace weir::kafka
