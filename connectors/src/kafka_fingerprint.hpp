#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kafka_client.hpp"

namespace weir::kafka {

/// What tells a record from any other that may come to stand at its offset: the last one that a reader handed over, kept with the
/// position, shows whether the topic is still the same. As text it is part of checkpoints:
/// `record=<offset> timestamp=<milliseconds> hash=<16 hexadecimal digits>`.
struct Fingerprint {
  std::int64_t offset = 0;
  std::int64_t timestamp = -1;  ///< the message's, milliseconds; -1 where it has none
  std::uint64_t hash = 0;       ///< of key and value

  static Fingerprint of(const rd_kafka_message_t& message);
  /// nullopt for text that is none: positions of before there were fingerprints have no detail.
  static std::optional<Fingerprint> parse(std::string_view text);
  std::string text() const;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

}  // namespace weir::kafka
