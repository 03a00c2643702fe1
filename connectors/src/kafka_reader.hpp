#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/metrics.hpp>
#include <weir/core/source.hpp>

#include "format.hpp"
#include "kafka_address.hpp"
#include "kafka_client.hpp"
#include "kafka_tombstone.hpp"

namespace weir::kafka {

/// What a reader is opened with.
struct ReaderOptions {
  std::string topic;
  int partition = 0;
  std::int64_t begin = 0;           ///< the first offset wanted
  bool from_beginning = false;      ///< take whatever is oldest, also when retention has moved it meanwhile
  std::optional<std::int64_t> end;  ///< of a bounded read: this offset and what follows stay unread
  bool null_is_empty = false;       ///< a message without value is an empty row, not a tombstone
  Tombstones tombstones = Tombstones::kReject;
  std::optional<TombstoneRows> tombstone_rows;  ///< for Tombstones::kRow
};

/// Reads one partition through its own queue of the source's consumer.
class Reader final : public PartitionReader {
 public:
  Reader(std::shared_ptr<Client> consumer, ReaderOptions options, std::unique_ptr<RowDecoder> decoder,
         std::function<void()> wake, MetricRegistry* metrics);
  ~Reader() override;

  ReadStatus read(RowSink& rows, std::size_t limit) override;
  Position position() const override { return {position_, {}}; }
  std::optional<std::int64_t> lag() const override;
  std::optional<double> progress() const override;

 private:
  void assign();
  /// True when it became a row or a rejection, or was passed over.
  bool take(const rd_kafka_message_t& message, RowSink& rows);
  void take_value(const rd_kafka_message_t& message, RowSink& rows);
  void take_tombstone(const rd_kafka_message_t& message, RowSink& rows);
  void take_event(const rd_kafka_message_t& event);
  [[noreturn]] void raise_lost_position(std::string_view why) const;
  void show_progress();

  std::shared_ptr<Client>
      consumer_;  ///< shared with the source and its other readers; the last one closes it
  ReaderOptions options_;
  std::unique_ptr<RowDecoder> decoder_;
  std::function<void()> wake_;
  Queue queue_;
  std::int64_t position_;
  bool caught_up_ = false;
  bool ended_ = false;
  std::vector<rd_kafka_message_t*> messages_;  ///< of the current read(); empty between
  std::string reason_;
  Gauge* position_gauge_ = nullptr;
  Gauge* lag_gauge_ = nullptr;
};

}  // namespace weir::kafka
