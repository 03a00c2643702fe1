#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <weir/core/connector.hpp>

#include "kafka_client.hpp"
#include "kafka_tombstone.hpp"

namespace weir::kafka {

enum class Side { kSource, kSink };

/// What a source makes of a message without value: kReject leaves it to the policy for undecodable input, kSkip passes it over, kRow makes it
/// a row with the message's key and a mark.
enum class Tombstones { kReject, kSkip, kRow };

/// An address of a topic with everything that parameters and settings say about it, checked.
struct Address {
  std::string brokers;  ///< normalised: lower case, with ports, sorted, without repetition
  std::string topic;
  std::string format = "json";
  std::string group;  ///< sources: where the position is shown to lag tools
  /// Sinks: the field whose text is the message key. Sources: the field that a tombstone's key goes into.
  std::optional<std::string> key;
  KeyFormat key_format = KeyFormat::kUnsaid;    ///< sources: of tombstones
  Tombstones tombstones = Tombstones::kReject;  ///< sources
  bool ignore_missing = false;                  ///< sources: pass over what a checkpoint names and is gone
  std::optional<std::string> deleted;           ///< sources: the field that marks a tombstone's row
  bool event_time = true;                       ///< sinks: the rows' times become message timestamps
  bool create = false;                          ///< sinks: make the topic when it is missing
  int partitions = -1;                          ///< of a topic that is made; -1: the broker's default
  std::string commit_topic;
  std::map<std::string, std::string> properties;  ///< librdkafka's, passed through
};

/// Throws FailJob(kUsage) naming everything that is wrong with the address, its parameters and settings, at
/// once.
Address parse_address(const ConnectorUri& uri, const ConnectorContext& context, Side side);

/// The user's properties on top of `defaults`, and `fixed` on top of those.
Conf make_conf(const Address& address, const std::map<std::string, std::string>& defaults,
               const std::map<std::string, std::string>& fixed);

}  // namespace weir::kafka
