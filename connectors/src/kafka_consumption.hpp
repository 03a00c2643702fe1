#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kafka_client.hpp"

namespace weir::kafka {

/// One partition being fetched into a queue of its own, from construction to destruction. Belongs to no consumer group, so
/// neither waits for a coordinator.
class Consumption {
 public:
  /// `begin` is an offset or RD_KAFKA_OFFSET_BEGINNING. `wake`, which may be empty and outlives this, is called from librdkafka's
  /// threads when something comes into the empty queue. Throws RestartJob.
  Consumption(const Client& client, const std::string& topic, int partition, std::int64_t begin,
              const std::function<void()>& wake);
  ~Consumption();
  Consumption(const Consumption&) = delete;
  Consumption& operator=(const Consumption&) = delete;

  rd_kafka_queue_t* queue() const { return queue_.get(); }

 private:
  Topic topic_;
  int partition_;
  Queue queue_;
};

}  // namespace weir::kafka
