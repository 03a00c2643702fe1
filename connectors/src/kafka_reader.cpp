#include "kafka_reader.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_error.hpp"

namespace weir::kafka {

namespace {

void call_wake(rd_kafka_t*, void* wake) { (*static_cast<std::function<void()>*>(wake))(); }

/// Frees the messages of a read, also those not reached when one of them ends the attempt.
class Freeing {
 public:
  explicit Freeing(std::vector<rd_kafka_message_t*>& messages) : messages_(messages) {}
  ~Freeing() {
    for (rd_kafka_message_t* message : messages_) rd_kafka_message_destroy(message);
    messages_.clear();
  }
  Freeing(const Freeing&) = delete;
  Freeing& operator=(const Freeing&) = delete;

 private:
  std::vector<rd_kafka_message_t*>& messages_;
};

std::string_view value_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.payload ? message.len : 0};
}

}  // namespace

Reader::Reader(std::shared_ptr<Client> consumer, ReaderOptions options, std::unique_ptr<RowDecoder> decoder,
               std::function<void()> wake, MetricRegistry* metrics)
    : consumer_(std::move(consumer)),
      options_(std::move(options)),
      decoder_(std::move(decoder)),
      wake_(std::move(wake)),
      position_(options_.begin),
      ended_(options_.end && options_.begin >= *options_.end) {
  if (metrics) {
    const MetricLabels labels{{"topic", options_.topic}, {"partition", std::to_string(options_.partition)}};
    position_gauge_ =
        &metrics->gauge("weir_kafka_position_offset", "Offset of the next record to read", labels);
    lag_gauge_ =
        &metrics->gauge("weir_kafka_lag_records", "Records between the position and the known end", labels);
  }
  if (!ended_) assign();
}

Reader::~Reader() {
  if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
}

void Reader::assign() {
  queue_.reset(rd_kafka_queue_get_partition(consumer_->get(), options_.topic.c_str(), options_.partition));
  // Before the assignment: nothing fetched may take the way into the consumer's common queue, which nobody
  // reads.
  rd_kafka_queue_forward(queue_.get(), nullptr);
  if (wake_) rd_kafka_queue_cb_event_enable(queue_.get(), call_wake, &wake_);
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), options_.partition)->offset =
      options_.from_beginning ? RD_KAFKA_OFFSET_BEGINNING : options_.begin;
  if (const Error error{rd_kafka_incremental_assign(consumer_->get(), list.get())})
    throw RestartJob(fmt::format("kafka topic {}, partition {}, cannot be assigned: {}", options_.topic,
                                 options_.partition, rd_kafka_error_string(error.get())));
}

ReadStatus Reader::read(RowSink& rows, std::size_t limit) {
  if (ended_) return ReadStatus::kEnd;
  messages_.resize(limit);
  const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data(), limit);
  messages_.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  const Freeing freeing(messages_);
  if (count < 0)
    throw RestartJob(fmt::format("kafka topic {}, partition {}, cannot be read: {}", options_.topic,
                                 options_.partition, text_of(rd_kafka_last_error())));
  bool any = false;
  for (std::size_t i = 0; i < messages_.size() && !ended_; ++i) any |= take(*messages_[i], rows);
  ended_ = ended_ || (options_.end && position_ >= *options_.end);
  if (!messages_.empty()) show_progress();
  if (any) return ReadStatus::kRows;
  if (ended_) return ReadStatus::kEnd;
  return caught_up_ ? ReadStatus::kCaughtUp : ReadStatus::kNothing;
}

bool Reader::take(const rd_kafka_message_t& message, RowSink& rows) {
  if (message.err) {
    take_event(message);
    return false;
  }
  // Debian's librdkafka has fetched from old positions: a record must never be read twice.
  if (message.offset < position_)
    throw RestartJob(fmt::format("kafka topic {}, partition {}: offset {} came after {}", options_.topic,
                                 options_.partition, message.offset, position_ - 1));
  caught_up_ = false;
  if (options_.end && message.offset >= *options_.end) {
    ended_ = true;
    return false;
  }
  take_value(message, rows);
  position_ = message.offset + 1;
  return true;
}

void Reader::take_value(const rd_kafka_message_t& message, RowSink& rows) {
  if (!message.payload && !options_.null_is_empty) return take_tombstone(message, rows);
  reason_.clear();
  if (!decoder_->decode(value_of(message), rows.batch(), reason_))
    rows.reject({message.offset, reason_, value_of(message)});
}

void Reader::take_tombstone(const rd_kafka_message_t& message, RowSink& rows) {
  if (options_.tombstones == Tombstones::kSkip) return;
  if (options_.tombstones == Tombstones::kReject)
    return rows.reject({message.offset, "the message has no value (a tombstone)", {}});
  const std::string_view key(static_cast<const char*>(message.key), message.key ? message.key_len : 0);
  reason_.clear();
  if (!message.key) rows.reject({message.offset, "the message has neither value nor key", {}});
  else if (!options_.tombstone_rows->append(key, rows.batch(), reason_))
    rows.reject({message.offset, reason_, key});
}

void Reader::take_event(const rd_kafka_message_t& event) {
  switch (event.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      // What lies between the last record and here are markers and aborted records.
      position_ = std::max(position_, event.offset);
      caught_up_ = true;
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      raise_lost_position(rd_kafka_message_errstr(&event));
    default:
      raise(remedy_of(event.err),
            fmt::format("kafka topic {}, partition {}, offset {}: {}", options_.topic, options_.partition,
                        position_, rd_kafka_message_errstr(&event)));
  }
}

void Reader::raise_lost_position(std::string_view why) const {
  std::int64_t low = -1, high = -1;
  rd_kafka_get_watermark_offsets(consumer_->get(), options_.topic.c_str(), options_.partition, &low, &high);
  throw FailJob(
      fmt::format(
          "kafka topic {}, partition {}: offset {} is wanted, but the topic holds {} to {} ({}); records "
          "were "
          "deleted before they were read. Lengthen the topic's retention, or start anew with --from earliest",
          options_.topic, options_.partition, position_, low, high, why),
      ExitCode::kStateUnusable);
}

std::optional<std::int64_t> Reader::lag() const {
  std::int64_t low = 0, high = 0;
  if (rd_kafka_get_watermark_offsets(consumer_->get(), options_.topic.c_str(), options_.partition, &low,
                                     &high) ||
      high < 0)
    return std::nullopt;
  if (options_.end) high = std::min(high, *options_.end);
  return std::max<std::int64_t>(0, high - position_);
}

std::optional<double> Reader::progress() const {
  if (!options_.end) return std::nullopt;
  const double length = static_cast<double>(*options_.end - options_.begin);
  if (ended_ || length <= 0) return 1.0;
  return std::clamp(static_cast<double>(position_ - options_.begin) / length, 0.0, 1.0);
}

void Reader::show_progress() {
  if (!position_gauge_) return;
  position_gauge_->set(static_cast<double>(position_));
  if (const auto records = lag()) lag_gauge_->set(static_cast<double>(*records));
}

}  // namespace weir::kafka
