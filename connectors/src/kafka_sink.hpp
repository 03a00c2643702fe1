#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/connector.hpp>
#include <weir/core/sink.hpp>

#include "format.hpp"
#include "kafka_address.hpp"
#include "kafka_transactions.hpp"

namespace weir::kafka {

/// Writes rows of one worker. Rows are encoded at once and produced as soon as their transaction is open:
/// what comes after barrier n waits here, encoded, until n is committed. Past kHeldBytes the worker is told
/// "not now".
class Writer final : public SinkWriter {
 public:
  static constexpr std::size_t kHeldBytes = 8u << 20;

  Writer(std::shared_ptr<Transactions> transactions, const Address& address, const RowSchema& schema,
         Environment& environment, std::uint32_t worker);

  bool try_write(const Batch& rows) override;
  bool try_flush(Epoch epoch) override;
  SinkPart take_part() override { return std::exchange(part_, {}); }
  void nudge() override;

 private:
  /// A message in `bytes_`: the key, if any, then the value.
  struct Held {
    std::size_t begin;
    std::size_t key_bytes;
    std::size_t value_bytes;
    bool has_key;
    std::int64_t millis;  ///< 0: none
  };
  void hold(const Batch& rows);
  /// True when nothing is held any more.
  bool release();
  /// As much of what is held as the producer takes.
  void hand_over();
  std::optional<std::string_view> key_of(const Held& held) const;
  std::string_view value_of(const Held& held) const {
    return {bytes_.data() + held.begin + held.key_bytes, held.value_bytes};
  }

  std::shared_ptr<Transactions> transactions_;  ///< shared by all sinks of the cluster and their writers
  Environment& environment_;
  std::uint32_t worker_;
  rd_kafka_topic_t* topic_;
  Deliveries& deliveries_;
  std::unique_ptr<RowEncoder> encoder_;
  const Field* key_ = nullptr;
  bool event_time_;          ///< batch times become message timestamps
  Epoch sealed_ = kNoEpoch;  ///< the last epoch that was flushed: rows wait until it is committed

  std::string bytes_;
  std::vector<Held> held_;
  std::size_t produced_ = 0;  ///< of held_, already handed to the producer
  std::string scratch_;
  Digest written_;
  SinkPart part_;
};

std::unique_ptr<Sink> make_sink(Address address, const ConnectorContext& context,
                                std::shared_ptr<Transactions> transactions);

}  // namespace weir::kafka
