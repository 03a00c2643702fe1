#include "kafka_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <pthread.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weir::kafka {

namespace {

constexpr std::chrono::milliseconds kEvery{1'000};
constexpr std::chrono::milliseconds kAnswerWithin{2'000};

std::string list_of(const std::vector<int>& numbers) {
  constexpr std::size_t kNamed = 8;
  const std::vector<int> first(numbers.begin(),
                               numbers.begin() + std::min<std::ptrdiff_t>(std::ssize(numbers), kNamed));
  return fmt::format("{}{}", fmt::join(first, ", "), numbers.size() > kNamed ? ", …" : "");
}

}  // namespace

void WatchedPartition::answered(Environment::Instant asked, std::int64_t position, std::int64_t end) {
  end_.store(end, std::memory_order_relaxed);
  short_answers_.store(end < position ? short_answers_.load(std::memory_order_relaxed) + 1 : 0,
                       std::memory_order_relaxed);
  answered_at_.store(asked.count(), std::memory_order_release);
}

std::optional<std::int64_t> WatchedPartition::end(Environment::Instant now, Environment::Instant age) const {
  if (now - answered_at() > age) return std::nullopt;
  const std::int64_t end = end_.load(std::memory_order_relaxed);
  if (end < 0) return std::nullopt;
  return bound_ ? std::min(end, *bound_) : end;
}

std::optional<std::int64_t> WatchedPartition::lag(Environment::Instant now, Environment::Instant age) const {
  // What a bounded read has behind it does not come back.
  if (bound_ && position() >= *bound_) return 0;
  const auto known = end(now, age);
  return known ? std::optional(std::max<std::int64_t>(0, *known - position())) : std::nullopt;
}

Watch::Watch(std::shared_ptr<Client> client, std::string topic, const ConnectorContext& context)
    : client_(std::move(client)),
      topic_(std::move(topic)),
      source_(context.name),
      environment_(*context.environment),
      metrics_(context.metrics),
      warn_(context.warn) {
  if (metrics_) {
    const MetricLabels labels{{"source", source_}, {"topic", topic_}};
    errors_ = &metrics_->counter("weir_kafka_broker_errors_total",
                                 "Connections to brokers that failed, and what brokers refused.", labels);
    silent_ = &metrics_->gauge("weir_kafka_partitions_silent",
                               "Partitions whose broker has not answered for five seconds.", labels);
  }
  thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

Watch::~Watch() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  show(partitions_);
}

std::shared_ptr<WatchedPartition> Watch::add(int partition, std::int64_t position,
                                             std::optional<std::int64_t> bound) {
  Shown shown{std::make_shared<WatchedPartition>(partition, position, bound, now())};
  if (metrics_) {
    const MetricLabels labels{
        {"source", source_}, {"topic", topic_}, {"partition", std::to_string(partition)}};
    shown.position =
        &metrics_->gauge("weir_kafka_position_offset", "Offset of the next record to read.", labels);
    shown.lag = &metrics_->gauge(
        "weir_kafka_lag_records",
        "Records between the position and the broker's end; absent while it is not known.", labels);
    shown.lag->set(std::numeric_limits<double>::quiet_NaN());
    shown.position->set(static_cast<double>(position));
  }
  auto watched = shown.partition;
  std::lock_guard lock(mutex_);
  partitions_.push_back(std::move(shown));
  added_ = true;
  changed_.notify_all();
  return watched;
}

bool Watch::hears_all() {
  std::lock_guard lock(mutex_);
  return std::all_of(partitions_.begin(), partitions_.end(), [this](const Shown& one) {
    return now() - one.partition->answered_at() < kEndKnownFor;
  });
}

void Watch::run(std::stop_token stop) {
  pthread_setname_np(pthread_self(), "kafka-watch");
  while (!stop.stop_requested()) {
    std::vector<Shown> shown;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kEvery, [this] { return added_; });
      added_ = false;
      shown = partitions_;
    }
    if (stop.stop_requested() || shown.empty()) continue;
    Partitions partitions;
    for (const Shown& one : shown) partitions.push_back(one.partition.get());
    ask_all(partitions, stop);
    if (stop.stop_requested()) return;
    speak(partitions);
    show(shown);
  }
}

// One question to each leader of a partition. When not all answer, each is asked by itself: a broker that is gone says nothing about
// the others' partitions.
void Watch::ask_all(const Partitions& partitions, std::stop_token stop) {
  if (ask(partitions) || stop.stop_requested()) return;
  const auto leaders = by_leader(partitions);
  if (leaders.size() < 2) return;
  for (const auto& [leader, own] : leaders)
    if (leader >= 0 && !stop.stop_requested()) ask(own);
}

bool Watch::ask(const Partitions& partitions) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  std::vector<std::int64_t> positions;
  for (const WatchedPartition* partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition->partition())->offset =
        RD_KAFKA_OFFSET_END;
    positions.push_back(partition->position());
  }
  const Environment::Instant asked = now();
  if (rd_kafka_offsets_for_times(client_->get(), list.get(), static_cast<int>(kAnswerWithin.count())))
    return false;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto& answer = list->elems[i];
    if (!answer.err && answer.offset >= 0) partitions[i]->answered(asked, positions[i], answer.offset);
  }
  return true;
}

std::map<int, Watch::Partitions> Watch::by_leader(const Partitions& partitions) {
  std::map<int, Partitions> leaders;
  const Topic handle(rd_kafka_topic_new(client_->get(), topic_.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  if (rd_kafka_metadata(client_->get(), 0, handle.get(), &answer, static_cast<int>(kAnswerWithin.count())))
    return leaders;
  const Metadata metadata(answer);
  for (int t = 0; t < metadata->topic_cnt; ++t)
    for (int p = 0; p < metadata->topics[t].partition_cnt; ++p)
      for (WatchedPartition* partition : partitions)
        if (partition->partition() == metadata->topics[t].partitions[p].id)
          leaders[metadata->topics[t].partitions[p].leader].push_back(partition);
  return leaders;
}

void Watch::speak(const Partitions& partitions) {
  const Environment::Instant at = now();
  Environment::Instant oldest = at;
  std::vector<int> silent;
  for (const WatchedPartition* partition : partitions) {
    oldest = std::min(oldest, partition->answered_at());
    if (!partition->end(at, kLagKnownFor / 2)) silent.push_back(partition->partition());
  }
  const Outage::Word word = outage_.note(oldest, at);
  if (!outage_.is_on()) errors_before_ = client_->log().errors();
  if (!warn_ || word == Outage::Word::kNothing) return;
  if (word == Outage::Word::kBack)
    return warn_(fmt::format("source '{}': kafka at {} answers again about topic {}, after {} s", source_,
                             client_->brokers(), topic_, outage_.length().count()));
  const bool failed = client_->log().errors() != errors_before_;
  warn_(fmt::format(
      "source '{}': kafka at {} has not answered for {} s about topic {}, partition{} {}: {}. Nothing is "
      "read from there until it does",
      source_, client_->brokers(), outage_.length().count(), topic_, silent.size() == 1 ? "" : "s",
      list_of(silent), failed ? client_->log().newest() : "it is connected, and silent"));
}

void Watch::show(const std::vector<Shown>& shown) {
  if (!metrics_) return;
  const Environment::Instant at = now();
  double silent = 0;
  for (const Shown& one : shown) {
    const auto lag = one.partition->lag(at, kLagKnownFor);
    one.position->set(static_cast<double>(one.partition->position()));
    one.lag->set(lag ? static_cast<double>(*lag) : std::numeric_limits<double>::quiet_NaN());
    silent += !lag;
  }
  silent_->set(silent);
  const std::uint64_t errors = client_->log().errors();
  errors_->add(errors - errors_shown_);
  errors_shown_ = errors;
}

}  // namespace weir::kafka
