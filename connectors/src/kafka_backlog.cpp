#include "kafka_backlog.hpp"

#include <limits>

namespace weir::kafka {

Backlog::Backlog(int partitions, std::int64_t batch_bytes, std::int64_t batch_messages)
    : count_(partitions),
      batch_bytes_(batch_bytes),
      batch_messages_(batch_messages),
      partitions_(std::make_unique<Partition[]>(static_cast<std::size_t>(partitions))) {}

void Backlog::add(int partition, std::int64_t messages, std::int64_t bytes) {
  if (partition < 0 || partition >= count_) return;
  Partition& to = partitions_[static_cast<std::size_t>(partition)];
  to.messages.fetch_add(messages, std::memory_order_relaxed);
  to.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

bool Backlog::has_full_batch() const {
  for (int p = 0; p < count_; ++p) {
    const Partition& of = partitions_[static_cast<std::size_t>(p)];
    if (of.messages.load(std::memory_order_relaxed) >= batch_messages_ ||
        of.bytes.load(std::memory_order_relaxed) > batch_bytes_)
      return true;
  }
  return false;
}

int Backlog::least(int partitions, int after) const {
  int found = 0;
  auto fewest = std::numeric_limits<std::int64_t>::max();
  for (int i = 1; i <= partitions; ++i) {
    const int p = (after + i) % partitions;
    const std::int64_t bytes =
        p < count_ ? partitions_[static_cast<std::size_t>(p)].bytes.load(std::memory_order_relaxed) : 0;
    if (bytes >= fewest) continue;
    fewest = bytes;
    found = p;
  }
  return found;
}

}  // namespace weir::kafka
