#include "kafka_sink.hpp"

#include <utility>

#include "kafka_digest.hpp"
#include "kafka_key.hpp"

namespace weir::kafka {

Writer::Writer(std::shared_ptr<Transactions> transactions, const Address& address, const RowSchema& schema,
               Environment& environment, std::uint32_t worker)
    : transactions_(std::move(transactions)),
      environment_(environment),
      worker_(worker),
      topic_(transactions_->topic(address.topic)),
      deliveries_(*transactions_->new_deliveries(address.topic)),
      encoder_(make_encoder(address.format, schema)),
      key_(address.key ? schema.find(*address.key) : nullptr),
      event_time_(address.event_time) {}

bool Writer::try_write(const Batch& rows) {
  transactions_->check();
  release();
  if (bytes_.size() >= kHeldBytes) return false;
  hold(rows);
  release();
  return true;
}

void Writer::hold(const Batch& rows) {
  // A time in the future is left to the broker's clock: brokers refuse messages far ahead of theirs.
  const std::int64_t now = event_time_ ? environment_.wall_clock().millis : 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Held held{bytes_.size(), 0, 0, false, 0};
    if (key_)
      if (const auto key = key_text(*key_, rows.row(i), scratch_)) {
        held.has_key = true;
        held.key_bytes = key->size();
        bytes_.append(*key);
      }
    encoder_->encode(rows.row(i), bytes_);
    held.value_bytes = bytes_.size() - held.begin - held.key_bytes;
    if (const std::int64_t millis = rows.time(i).millis; millis > 0 && millis <= now) held.millis = millis;
    written_.add(message_hash(key_of(held), value_of(held)));
    held_.push_back(held);
  }
}

std::optional<std::string_view> Writer::key_of(const Held& held) const {
  if (!held.has_key) return std::nullopt;
  return std::string_view(bytes_.data() + held.begin, held.key_bytes);
}

bool Writer::release() {
  if (held_.empty()) return true;
  if (transactions_->committed() < sealed_) return false;
  const std::size_t waiting = held_.size() - produced_;
  transactions_->expect(deliveries_, static_cast<std::int64_t>(waiting));
  hand_over();
  const std::size_t left = held_.size() - produced_;
  transactions_->settle(deliveries_, static_cast<std::int64_t>(left));
  if (left > 0) return false;
  held_.clear();
  bytes_.clear();
  produced_ = 0;
  return true;
}

void Writer::hand_over() {
  for (; produced_ < held_.size(); ++produced_) {
    const Held& held = held_[produced_];
    Outgoing message{key_of(held), value_of(held), {}};
    if (held.millis) message.millis = held.millis;
    if (!transactions_->produce(topic_, message, deliveries_)) return;
  }
}

bool Writer::try_flush(Epoch epoch) {
  transactions_->check();
  if (!release()) return false;
  if (deliveries_.outstanding.load(std::memory_order_acquire) > 0) {
    transactions_->hurry();
    return false;
  }
  transactions_->check();  // the last delivery may have been a failure
  sealed_ = epoch;
  deliveries_.placement.move_on();
  part_ = SinkPart{};
  part_.worker = worker_;
  part_.written = std::exchange(written_, {});
  return true;
}

void Writer::nudge() {
  transactions_->check();
  release();
}

namespace {

class KafkaSink final : public Sink {
 public:
  KafkaSink(Address address, const ConnectorContext& context, std::shared_ptr<Transactions> transactions)
      : address_(std::move(address)),
        schema_(*context.schema),
        environment_(*context.environment),
        transactions_(std::move(transactions)) {
    (void)make_encoder(address_.format,
                       schema_);  // a schema that does not suit is found here, not on a worker
  }

  CommitLog* commit_log() override { return transactions_.get(); }
  // The transaction has carried the rows together with the commit record: nothing is left to finish or to
  // remove.
  void recover(Epoch, const std::vector<SinkPart>&) override {}
  void commit(Epoch, const std::vector<SinkPart>&) override {}
  std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) override {
    return std::make_unique<Writer>(transactions_, address_, schema_, environment_, worker);
  }

 private:
  Address address_;
  const RowSchema& schema_;
  Environment& environment_;
  std::shared_ptr<Transactions> transactions_;
};

}  // namespace

std::unique_ptr<Sink> make_sink(Address address, const ConnectorContext& context,
                                std::shared_ptr<Transactions> transactions) {
  return std::make_unique<KafkaSink>(std::move(address), context, std::move(transactions));
}

}  // namespace weir::kafka
