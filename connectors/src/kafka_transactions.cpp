#include "kafka_transactions.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/no_thread.hpp>

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

}  // namespace

Transactions::Transactions(const Address& first, const ConnectorContext& context)
    : environment_(*context.environment),
      metrics_(context.metrics),
      address_(first),
      id_(fmt::format("weir-{}-{}", context.job, context.instance)),
      instance_(context.instance),
      commit_partition_(partition_of(context)),
      cluster_(first, context) {}

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
  for (auto& [name, topic] : topics_) topic.handle.reset();
  producer_.reset();  // its threads ask for placements until they end
}

void Transactions::add(const Address& sink, const ConnectorContext& context) {
  WEIR_ASSERT(!producer_, "sinks are added before the producer is made");
  const std::string& sink_name = context.name;
  memory_bytes_ += context.memory_bytes;
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

std::optional<std::string> Transactions::look() {
  if (cluster_.partitions(address_.commit_topic).value_or(0) <= commit_partition_) return std::nullopt;
  return cluster_.newest_value(address_.commit_topic, commit_partition_, instance_,
                               Cluster::Open::kPassedOver);
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
  for (auto& [name, topic] : topics_) {
    auto found = cluster_.partitions(name);
    if (!found) {
      if (!topic.create)
        throw FailJob(
            fmt::format(
                "kafka topic {} does not exist on {}; make it, or add create=true to the sink's address",
                name, address_.brokers),
            ExitCode::kCannotConnect);
      cluster_.create_topic(name, topic.partitions, /*compacted=*/false);
      found = cluster_.partitions(name);
    }
    topic.found = found.value_or(1);
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
  make_backlogs();
  Conf conf = make_producer_conf(address_, id_, limits_);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  rd_kafka_topic_conf_set_partitioner_cb(rd_kafka_conf_get_default_topic_conf(conf.get()), on_placing);
  producer_ = std::make_unique<Client>(RD_KAFKA_PRODUCER, std::move(conf), address_.brokers);
  for (auto& [name, topic] : topics_)
    topic.handle.reset(rd_kafka_topic_new(producer_->get(), name.c_str(), nullptr));
  record_deliveries_ = new_deliveries(address_.commit_topic);
  try {
    server_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  } catch (const std::system_error& refused) {
    throw RestartJob(no_thread_text("kafka delivery reports", refused));
  }
}

void Transactions::make_backlogs() {
  int partitions = 0;
  for (const auto& [name, topic] : topics_) partitions += topic.found;
  limits_ = ProducerLimits::of(address_.properties, partitions, memory_bytes_);
  topics_.try_emplace(address_.commit_topic);
  // Where the user has librdkafka place rows without key, nobody tells where they went.
  const bool told = !address_.properties.contains("sticky.partitioning.linger.ms");
  for (auto& [name, topic] : topics_)
    topic.backlog =
        std::make_unique<Backlog>(told ? topic.found : 0, limits_.batch_bytes, limits_.batch_messages);
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
  return cluster_.newest_value(address_.commit_topic, commit_partition_, instance_, Cluster::Open::kAwaited);
}

void Transactions::begin() {
  touched_ = false;
  hurry_ = false;  // whoever wanted it has what it waited for
  if (const auto failure = examine(rd_kafka_begin_transaction(producer_->get()), producer_->get()))
    lose(fmt::format("kafka at {}: a transaction cannot be begun: {}", address_.brokers, failure->text),
         failure->remedy);
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
