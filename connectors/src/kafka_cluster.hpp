#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <weir/core/connector.hpp>

#include "kafka_address.hpp"
#include "kafka_client.hpp"

namespace weir::kafka {

/// Questions to a cluster, and topics made there, by a client that consumes nothing and creates nothing
/// unasked. Methods block, up to about ten seconds each, and two once the job was asked to stop; one thread at a time. They
/// throw FailJob(kCannotConnect) or RestartJob.
class Cluster {
 public:
  Cluster(const Address& address, const ConnectorContext& context);

  const std::string& brokers() const { return client_.brokers(); }

  /// How many partitions `topic` has; nullopt when there is no such topic.
  std::optional<int> partitions(const std::string& topic);
  /// Makes `topic` unless it is there meanwhile. `partitions` and the replication may be -1: the broker's
  /// default.
  void create_topic(const std::string& topic, int partitions, bool compacted);

  /// What can be read of a partition: [begin, end). The end is the last stable offset: open transactions lie
  /// behind it.
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };
  Range range(const std::string& topic, int partition);

  /// What is done about transactions that are still open in a partition: they may hold what is looked for.
  enum class Open { kAwaited, kPassedOver };
  /// Value of the newest committed message with this key, looked for backwards from the end, past the markers
  /// that transactions leave.
  std::optional<std::string> newest_value(const std::string& topic, int partition, const std::string& key,
                                          Open open);

 private:
  struct Found {
    std::optional<std::string> value;
    std::int64_t end;  ///< where reading stopped
  };
  Found read_from(rd_kafka_topic_t* topic, int partition, std::int64_t begin, const std::string& key,
                  Open open, Environment::Instant deadline);
  Environment::Instant deadline(std::chrono::milliseconds after) { return environment_.now() + after; }
  /// Throws when the job was asked to stop.
  void go_on_waiting_for(const std::string& wanted) const;

  Environment& environment_;
  std::function<bool()> stopping_;
  Client client_;
};

}  // namespace weir::kafka
