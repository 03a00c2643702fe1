#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/core/source.hpp>

#include "format.hpp"
#include "kafka_address.hpp"
#include "kafka_client.hpp"
#include "kafka_consumption.hpp"
#include "kafka_fingerprint.hpp"
#include "kafka_tombstone.hpp"
#include "kafka_watch.hpp"

namespace weir::kafka {

/// What a reader is opened with.
struct ReaderOptions {
  std::string topic;
  int partition = 0;
  std::int64_t begin = 0;           ///< the first offset wanted
  std::int64_t oldest = 0;          ///< the first offset there is
  std::optional<Fingerprint> last;  ///< of the record handed over last before `begin`
  bool from_beginning = false;      ///< take whatever is oldest, also when retention has moved it meanwhile
  std::optional<std::int64_t> end;  ///< of a bounded read: this offset and what follows stay unread
  bool null_is_empty = false;       ///< a message without value is an empty row, not a tombstone
  bool json = false;                ///< values are JSON: other encodings are named when they are met
  Tombstones tombstones = Tombstones::kReject;
  std::optional<TombstoneRows> tombstone_rows;  ///< for Tombstones::kRow
};

/// Reads one partition through its own queue of the source's consumer.
///
/// Topics are known by their names only, so an offset says nothing when a topic was deleted and made anew. A reader therefore begins
/// at the record before its position, compares its fingerprint, and hands over what follows; and does so again after every
/// interruption of the connection, before it hands over anything that came after it.
class Reader final : public PartitionReader {
 public:
  Reader(std::shared_ptr<Client> consumer, ReaderOptions options, std::unique_ptr<RowDecoder> decoder,
         std::function<void()> wake, std::shared_ptr<WatchedPartition> watched, Environment& environment);
  ~Reader() override;

  ReadStatus read(RowSink& rows, std::size_t limit) override;
  Position position() const override;
  std::optional<std::int64_t> lag() const override;
  std::optional<double> progress() const override;

 private:
  void fetch_from(std::int64_t offset);
  void fetch_with_proof(std::int64_t oldest);
  void fetch_messages(std::size_t limit);
  /// False when the messages that have been fetched were thrown away, because they may be another topic's.
  bool survives_interruptions(std::uint64_t before);
  /// True when it became a row or a rejection, or was passed over.
  bool take(const rd_kafka_message_t& message, RowSink& rows);
  void take_earlier(const rd_kafka_message_t& message);
  void take_value(const rd_kafka_message_t& message, RowSink& rows);
  void take_tombstone(const rd_kafka_message_t& message, RowSink& rows);
  void take_event(const rd_kafka_message_t& event);
  void end_if_there();
  bool is_at_end() const;
  std::string place() const;
  [[noreturn]] void refuse_other_topic(const Fingerprint& found) const;

  std::shared_ptr<Client> consumer_;  ///< shared with the source and its other readers
  ReaderOptions options_;
  std::unique_ptr<RowDecoder> decoder_;
  std::function<void()> wake_;
  std::shared_ptr<WatchedPartition> watched_;  ///< shared with the watch
  Environment& environment_;
  std::unique_ptr<Consumption> consumption_;  ///< null after the end
  std::int64_t position_;
  std::optional<Fingerprint> last_;  ///< of the record handed over last
  bool proving_ = false;             ///< what comes first lies before the position
  bool learning_ = false;            ///< and nothing is known to compare it with
  bool untouched_ = true;            ///< nothing has come since fetching began
  std::uint64_t interruptions_ = 0;  ///< of the connection, before what is fetched now
  bool caught_up_ = false;
  bool ended_ = false;
  std::vector<rd_kafka_message_t*> messages_;  ///< of the current read(); empty between
  std::string reason_;
};

}  // namespace weir::kafka
