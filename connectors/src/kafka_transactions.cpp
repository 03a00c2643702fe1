#include "kafka_transactions.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>

namespace weir::kafka {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kInitWithin{60'000};
constexpr milliseconds kAbortWithin{2'000};
constexpr milliseconds kSlice{5'000};  // of one call; a repeatable one is repeated

int partition_of(const ConnectorContext& context) {
  int number = -1;
  const std::string& text = context.instance;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0)
    throw FailJob(
        fmt::format(
            "instance is a whole number where a job has Kafka sinks, not `{}`: it is the partition of the "
            "instance's commit records",
            text),
        ExitCode::kUsage);
  return number;
}

// What a broker would refuse again, and what to do about it; empty for what may pass.
const char* advice(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; the topic's max.message.bytes is below the sink's message.max.bytes";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "; a compacted topic wants a key: add key=<field> to the sink's address";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "; add timestamp=clock to the sink's address";
    default:
      return "";
  }
}

}  // namespace

Transactions::Transactions(const Address& first, const ConnectorContext& context)
    : environment_(*context.environment),
      metrics_(context.metrics),
      address_(first),
      id_(fmt::format("weir-{}-{}", context.job, context.instance)),
      instance_(context.instance),
      commit_partition_(partition_of(context)),
      cluster_(first, environment_) {
  record_deliveries_ = new_deliveries();
}

Transactions::~Transactions() {
  // Readers of the output wait for the end of an open transaction, so it is worth a moment to end it. Never
  // after a commit without an answer: that one may be done.
  if (producer_ && touched_ && resolved_)
    if (auto* error = rd_kafka_abort_transaction(producer_->get(), static_cast<int>(kAbortWithin.count())))
      rd_kafka_error_destroy(error);
  if (server_.joinable()) {
    server_.request_stop();
    hurry();
    server_.join();
  }
  topics_.clear();
}

void Transactions::add(const Address& sink, const std::string& sink_name) {
  WEIR_ASSERT(!producer_, "sinks are added before the producer is made");
  for (const auto& [key, value] : sink.properties) {
    const auto [owner, fresh] = property_owner_.emplace(key, sink_name);
    if (!fresh && address_.properties.at(key) != value)
      throw FailJob(
          fmt::format(
              "{}: `{}` differs from that of the sink {}; all Kafka sinks of a job share one producer",
              sink_name, key, owner->second),
          ExitCode::kUsage);
    address_.properties[key] = value;
  }
  OutputTopic& topic = topics_[sink.topic];
  topic.create = topic.create || sink.create;
  topic.partitions = std::max(topic.partitions, sink.partitions);
}

void Transactions::fence() {
  WEIR_ASSERT(!producer_, "a commit log is fenced once");
  make_topics();
  make_producer();
  ask_for_metadata();
  init_transactions();
  begin();
}

void Transactions::make_topics() {
  for (const auto& [name, topic] : topics_) {
    if (cluster_.partitions(name)) continue;
    if (!topic.create)
      throw FailJob(
          fmt::format(
              "kafka topic {} does not exist on {}; make it, or add create=true to the sink's address", name,
              address_.brokers),
          ExitCode::kCannotConnect);
    cluster_.create_topic(name, topic.partitions, /*compacted=*/false);
  }
  auto count = cluster_.partitions(address_.commit_topic);
  if (!count) {
    cluster_.create_topic(address_.commit_topic, commit_partition_ + 1, /*compacted=*/true);
    count = cluster_.partitions(address_.commit_topic);
  }
  if (count.value_or(0) <= commit_partition_)
    throw FailJob(fmt::format("kafka topic {} has {} partitions; instance {} keeps its commit records in "
                              "partition {}. Add partitions to it",
                              address_.commit_topic, count.value_or(0), instance_, commit_partition_),
                  ExitCode::kUsage);
}

void Transactions::make_producer() {
  Conf conf = make_conf(
      address_,
      {{"socket.nagle.disable", "true"},
       {"linger.ms", "50"},  // a barrier hurries what is left, and nobody sees any of it before
       {"retry.backoff.ms", "10"},
       {"transaction.timeout.ms", "300000"},
       {"partitioner", "murmur2_random"},
       {"queue.buffering.max.kbytes", "65536"},
       {"queue.buffering.max.messages", "500000"}},
      {{"transactional.id", id_}, {"enable.idempotence", "true"}, {"allow.auto.create.topics", "false"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  producer_ = std::make_unique<Client>(RD_KAFKA_PRODUCER, std::move(conf), address_.brokers);
  topics_.try_emplace(address_.commit_topic);
  for (auto& [name, topic] : topics_)
    topic.handle.reset(rd_kafka_topic_new(producer_->get(), name.c_str(), nullptr));
  server_ = std::jthread([this](std::stop_token stop) { serve(stop); });
}

// Asked for here, the first message leaves in milliseconds; otherwise it waits a second or two for the next
// refresh.
void Transactions::ask_for_metadata() {
  for (const auto& [name, topic] : topics_) {
    const rd_kafka_metadata_t* answer = nullptr;
    if (rd_kafka_metadata(producer_->get(), 0, topic.handle.get(), &answer, static_cast<int>(kSlice.count())))
      raise_unreachable(*producer_, fmt::format("topic {}", name));
    rd_kafka_metadata_destroy(answer);
  }
}

void Transactions::init_transactions() {
  const auto deadline = in(kInitWithin);
  while (const auto failure =
             examine(rd_kafka_init_transactions(producer_->get(), static_cast<int>(kSlice.count())),
                     producer_->get())) {
    if (failure->remedy == Remedy::kRepeat && environment_.now() < deadline) continue;
    if (failure->remedy == Remedy::kFenced) count(Outcome::kFenced);
    raise(failure->remedy, fmt::format("kafka at {}: earlier holders of {} cannot be shut out: {}{}",
                                       address_.brokers, id_, failure->text, producer_->cause()));
  }
}

std::optional<std::string> Transactions::last_record() {
  WEIR_ASSERT(producer_, "the log is asked only after fence()");
  return cluster_.newest_value(address_.commit_topic, commit_partition_, instance_);
}

void Transactions::begin() {
  touched_ = false;
  if (const auto failure = examine(rd_kafka_begin_transaction(producer_->get()), producer_->get()))
    lose(fmt::format("kafka at {}: a transaction cannot be begun: {}", address_.brokers, failure->text),
         failure->remedy);
}

Deliveries* Transactions::new_deliveries() {
  std::lock_guard lock(mutex_);
  Deliveries& deliveries = deliveries_.emplace_back();
  deliveries.owner = this;
  return &deliveries;
}

bool Transactions::produce(rd_kafka_topic_t* topic, const Outgoing& message, Deliveries& deliveries) {
  touched_.store(true, std::memory_order_relaxed);
  // Counted before it is handed over: the report may come before the call returns.
  deliveries.outstanding.fetch_add(1, std::memory_order_relaxed);
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  const std::string_view key = message.key.value_or(std::string_view{});
  const auto code = rd_kafka_producev(
      producer_->get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
      RD_KAFKA_V_TIMESTAMP(message.millis.value_or(0)), RD_KAFKA_V_PARTITION(message.partition),
      RD_KAFKA_V_OPAQUE(&deliveries), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  deliveries.outstanding.fetch_sub(1, std::memory_order_relaxed);
  outstanding_.fetch_sub(1, std::memory_order_relaxed);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  check();
  const std::string text = fmt::format("kafka topic {}: a message of {} bytes cannot be produced: {}",
                                       rd_kafka_topic_name(topic), message.value.size(), text_of(code));
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    throw FailJob(text + "; message.max.bytes sets the limit");
  raise(Remedy::kRestart, text + producer_->cause());
}

void Transactions::hurry() {
  if (hurry_.exchange(true, std::memory_order_acq_rel)) return;
  const Queue main(rd_kafka_queue_get_main(producer_->get()));
  rd_kafka_queue_yield(main.get());
}

// The only thread that serves delivery reports: a second one would leave this one asleep on an empty queue.
void Transactions::serve(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (hurry_.exchange(false, std::memory_order_acq_rel)) rd_kafka_flush(producer_->get(), 50);
    else rd_kafka_poll(producer_->get(), 100);
  }
}

void Transactions::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& deliveries = *static_cast<Deliveries*>(message->_private);
  deliveries.owner->delivered(*message, deliveries);
}

void Transactions::delivered(const rd_kafka_message_t& message, Deliveries& deliveries) {
  if (message.err)
    lose(fmt::format("kafka topic {}: a message was not delivered: {}{}", rd_kafka_topic_name(message.rkt),
                     text_of(message.err), advice(message.err)),
         *advice(message.err) ? Remedy::kRefused : remedy_of(message.err));
  deliveries.outstanding.fetch_sub(1, std::memory_order_release);
  if (outstanding_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::lock_guard lock(mutex_);
  settled_.notify_all();
}

void Transactions::lose(std::string why, Remedy remedy) {
  std::lock_guard lock(mutex_);
  if (lost_.load(std::memory_order_relaxed)) return;
  why_lost_ = std::move(why);
  remedy_ = remedy;
  lost_.store(true, std::memory_order_release);
  settled_.notify_all();
}

void Transactions::raise_lost() const {
  char reason[256] = "";
  const auto fatal = rd_kafka_fatal_error(producer_->get(), reason, sizeof reason);
  std::lock_guard lock(mutex_);
  const std::string text = fatal ? fmt::format("{} ({})", why_lost_, reason) : why_lost_;
  raise(fatal ? remedy_of(fatal) : remedy_, text);
}

}  // namespace weir::kafka
