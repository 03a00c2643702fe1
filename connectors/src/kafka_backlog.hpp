#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace weir::kafka {

/// What librdkafka holds of one topic, by partition: messages handed over and not reported as delivered.
///
/// A partition that has a whole batch here has a batch on its way, since librdkafka sends a full one as soon as
/// nothing of the partition is on its way; and one that has less has nothing on its way, unless it was flushed.
/// Flushing the first kind makes librdkafka spin until the broker has answered.
class Backlog {
 public:
  /// `batch_bytes` and `batch_messages` make a full batch.
  Backlog(int partitions, std::int64_t batch_bytes, std::int64_t batch_messages);

  /// Any thread. Partitions that it was not made for are not counted.
  void add(int partition, std::int64_t messages, std::int64_t bytes);
  bool has_full_batch() const;
  /// The partition with the fewest bytes among the first `partitions`; of equal ones the next behind `after`.
  int least(int partitions, int after) const;
  std::int64_t batch_bytes() const { return batch_bytes_; }

 private:
  struct Partition {
    std::atomic<std::int64_t> messages{0};
    std::atomic<std::int64_t> bytes{0};
  };

  int count_;
  std::int64_t batch_bytes_;
  std::int64_t batch_messages_;
  std::unique_ptr<Partition[]> partitions_;
};

}  // namespace weir::kafka
