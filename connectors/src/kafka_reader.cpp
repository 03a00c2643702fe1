#include "kafka_reader.hpp"

#include <algorithm>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_error.hpp"

namespace weir::kafka {

namespace {

// A position without a fingerprint gets one from what lies before it; behind a transaction's end, the newest offsets are markers.
constexpr std::int64_t kLookBack = 16;

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

std::string to_text(std::int64_t timestamp) {
  if (timestamp < 0) return "no time";
  return fmt::format("{:%F %T} UTC", fmt::gmtime(static_cast<std::time_t>(timestamp / 1000)));
}

std::string_view value_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.payload ? message.len : 0};
}

}  // namespace

Reader::Reader(std::shared_ptr<Client> consumer, ReaderOptions options, std::unique_ptr<RowDecoder> decoder,
               std::function<void()> wake, std::shared_ptr<WatchedPartition> watched,
               Environment& environment)
    : consumer_(std::move(consumer)),
      options_(std::move(options)),
      decoder_(std::move(decoder)),
      wake_(std::move(wake)),
      watched_(std::move(watched)),
      environment_(environment),
      position_(options_.begin),
      last_(options_.last) {
  if (options_.from_beginning) fetch_from(RD_KAFKA_OFFSET_BEGINNING);
  else fetch_with_proof(options_.oldest);
  end_if_there();
}

Reader::~Reader() = default;

void Reader::fetch_from(std::int64_t offset) {
  consumption_.reset();  // one at a time
  interruptions_ = consumer_->log().interruptions();
  consumption_ = std::make_unique<Consumption>(*consumer_, options_.topic, options_.partition, offset, wake_);
  untouched_ = true;
  caught_up_ = false;
}

void Reader::fetch_with_proof(std::int64_t oldest) {
  const std::int64_t before = std::max(oldest, last_ ? last_->offset : position_ - kLookBack);
  proving_ = before < position_;
  learning_ = proving_ && !last_;
  fetch_from(std::min(before, position_));
}

ReadStatus Reader::read(RowSink& rows, std::size_t limit) {
  if (ended_) return ReadStatus::kEnd;
  const std::uint64_t before = consumer_->log().interruptions();
  const Freeing freeing(messages_);
  fetch_messages(limit);
  if (!survives_interruptions(before)) return ReadStatus::kNothing;
  const rd_kafka_message_t* newest = nullptr;
  for (std::size_t i = 0; i < messages_.size() && !ended_; ++i)
    if (take(*messages_[i], rows)) newest = messages_[i];
  if (newest) last_ = Fingerprint::of(*newest);
  watched_->set_position(position_);
  end_if_there();
  if (newest) return ReadStatus::kRows;
  if (ended_) return ReadStatus::kEnd;
  return is_at_end() ? ReadStatus::kCaughtUp : ReadStatus::kNothing;
}

void Reader::fetch_messages(std::size_t limit) {
  messages_.resize(limit);
  const auto count = rd_kafka_consume_batch_queue(consumption_->queue(), 0, messages_.data(), limit);
  messages_.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  if (count < 0)
    throw RestartJob(fmt::format("{} cannot be read: {}", place(), text_of(rd_kafka_last_error())));
}

// Interruptions are counted before what is fetched after them arrives, so a count that has not changed since fetching began vouches
// for everything that has come.
bool Reader::survives_interruptions(std::uint64_t before) {
  if (messages_.empty() && untouched_) interruptions_ = before;
  untouched_ = untouched_ && messages_.empty();
  if (consumer_->log().interruptions() == interruptions_ || untouched_) return true;
  if (learning_ && proving_) last_.reset();
  else if (!last_) {  // nothing to compare with
    interruptions_ = consumer_->log().interruptions();
    return true;
  }
  fetch_with_proof(0);
  return false;
}

bool Reader::take(const rd_kafka_message_t& message, RowSink& rows) {
  if (message.err) {
    take_event(message);
    return false;
  }
  if (message.offset < position_) {
    take_earlier(message);
    return false;
  }
  proving_ = caught_up_ = false;
  if (options_.end && message.offset >= *options_.end) {
    ended_ = true;
    return false;
  }
  take_value(message, rows);
  position_ = message.offset + 1;
  return true;
}

// The record handed over last may be gone: compaction and retention remove records. But none can have come to lie between it and the
// position.
void Reader::take_earlier(const rd_kafka_message_t& message) {
  // Debian's librdkafka has fetched from old positions: a record must never be read twice.
  if (!proving_)
    throw RestartJob(fmt::format("{}: offset {} came after {}", place(), message.offset, position_ - 1));
  const Fingerprint found = Fingerprint::of(message);
  if (learning_) last_ = found;
  else if (found.offset >= last_->offset && found != *last_) refuse_other_topic(found);
}

void Reader::take_value(const rd_kafka_message_t& message, RowSink& rows) {
  if (!message.payload && !options_.null_is_empty) return take_tombstone(message, rows);
  reason_.clear();
  if (decoder_->decode(value_of(message), rows.batch(), reason_)) return;
  if (options_.json)
    if (const std::string named = confluent_complaint(value_of(message)); !named.empty())
      reason_ = "the message " + named;
  rows.reject({message.offset, reason_, value_of(message)});
}

void Reader::take_tombstone(const rd_kafka_message_t& message, RowSink& rows) {
  if (options_.tombstones == Tombstones::kSkip) return;
  if (options_.tombstones == Tombstones::kReject)
    return rows.reject(
        {message.offset,
         "the message has no value (a tombstone)",
         {},
         "it says that its key is deleted: with tombstones=row&key=FIELD&deleted=FIELD in the source's "
         "address it becomes a row that a table deletes by; tombstones=skip is right where a deletion "
         "is a record of its own, too (Debezium)"});
  const std::string_view key(static_cast<const char*>(message.key), message.key ? message.key_len : 0);
  reason_ = "the message has neither value nor key";
  if (message.key && options_.tombstone_rows->append(key, rows.batch(), reason_)) return;
  rows.reject(
      {message.offset, reason_, key,
       "the message deletes a key: left out, it would leave that key's row in tables for ever. Mend key or "
       "key_format in the source's address; --on-error SOURCE=dead_letter keeps such messages"});
}

void Reader::take_event(const rd_kafka_message_t& event) {
  const auto why = fmt::format("{}, offset {}: {}", place(), position_, rd_kafka_message_errstr(&event));
  switch (event.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      if (event.offset < position_)
        throw RestartJob(fmt::format("{} ends at {}, before offset {} that was read up to", place(),
                                     event.offset, position_));
      // What lies between the last record and here are markers and aborted records.
      position_ = event.offset;
      proving_ = false;
      caught_up_ = true;
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      // Retention may have removed the record before the position, and nothing of what is wanted.
      if (std::exchange(proving_, false)) return fetch_from(position_);
      // The next attempt asks what there is, and refuses with it.
      throw RestartJob(why);
    default:
      raise(remedy_of(event.err), why + missing_right(event.err, "Read on topic " + options_.topic));
  }
}

void Reader::end_if_there() {
  if (options_.end && position_ >= *options_.end && !proving_) ended_ = true;
  if (ended_) consumption_.reset();
}

bool Reader::is_at_end() const {
  if (watched_->is_short())
    throw RestartJob(fmt::format("{} ends before offset {} that was read up to", place(), position_));
  if (!caught_up_) return false;
  const auto end = watched_->end(environment_.now(), kEndKnownFor);
  return end && *end <= position_;
}

Position Reader::position() const {
  const bool known = last_ && !(proving_ && learning_);
  return {position_, known ? last_->text() : std::string()};
}

std::string Reader::place() const {
  return fmt::format("kafka topic {}, partition {}", options_.topic, options_.partition);
}

void Reader::refuse_other_topic(const Fingerprint& found) const {
  throw FailJob(
      fmt::format(
          "{}: at offset {} is another record than the one that was read there (of {}, not of {}): the "
          "topic was made anew, and what it holds before offset {} would be left out. Start anew with "
          "--from earliest, or give the job the topic it has read",
          place(), found.offset, to_text(found.timestamp), to_text(last_->timestamp), position_),
      ExitCode::kStateUnusable);
}

std::optional<std::int64_t> Reader::lag() const { return watched_->lag(environment_.now(), kLagKnownFor); }

std::optional<double> Reader::progress() const {
  if (!options_.end) return std::nullopt;
  const double length = static_cast<double>(*options_.end - options_.begin);
  if (ended_ || length <= 0) return 1.0;
  return std::clamp(static_cast<double>(position_ - options_.begin) / length, 0.0, 1.0);
}

}  // namespace weir::kafka
