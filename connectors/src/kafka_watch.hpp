#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weir/core/connector.hpp>

#include "kafka_client.hpp"
#include "kafka_outage.hpp"

namespace weir::kafka {

/// What a reader and the watch know of one partition; each member is written by one of them and read by both.
class WatchedPartition {
 public:
  WatchedPartition(int partition, std::int64_t position, std::optional<std::int64_t> bound,
                   Environment::Instant since)
      : partition_(partition), bound_(bound), position_(position), answered_at_(since.count()) {}

  int partition() const { return partition_; }

  /// The reader's. The offset of the next record.
  void set_position(std::int64_t position) { position_.store(position, std::memory_order_relaxed); }
  std::int64_t position() const { return position_.load(std::memory_order_relaxed); }

  /// The watch's: at `asked` the position was `position`, and the partition ended at `end`.
  void answered(Environment::Instant asked, std::int64_t position, std::int64_t end);
  /// When the question was put that was answered last; before the first answer, when the watch began.
  Environment::Instant answered_at() const {
    return Environment::Instant(answered_at_.load(std::memory_order_acquire));
  }
  /// The partition's end as of a question not older than `age`; of a bounded read, at most its own end. nullopt when that is not
  /// known.
  std::optional<std::int64_t> end(Environment::Instant now, Environment::Instant age) const;
  /// Records between the position and the end, as end() has it.
  std::optional<std::int64_t> lag(Environment::Instant now, Environment::Instant age) const;
  /// Whether the end lay before what had been read, twice in a row: the topic was made anew, or has lost records.
  bool is_short() const { return short_answers_.load(std::memory_order_relaxed) >= 2; }

 private:
  const int partition_;
  const std::optional<std::int64_t> bound_;
  std::atomic<std::int64_t> position_;
  std::atomic<std::int64_t> end_{-1};  ///< -1: never answered
  std::atomic<std::int64_t> answered_at_;
  std::atomic<int> short_answers_{0};
};

/// Asks the brokers about every second where the partitions that are read end, on a thread of its own: so "at the end" and "lag"
/// are known and not remembered, and a broker that does not answer is spoken of in the log, with the cause, until it answers again.
/// Keeps the metrics of the source's partitions.
class Watch {
 public:
  Watch(std::shared_ptr<Client> client, std::string topic, const ConnectorContext& context);
  ~Watch();

  std::shared_ptr<WatchedPartition> add(int partition, std::int64_t position,
                                        std::optional<std::int64_t> bound);
  /// Whether no partition's broker has been silent for more than a moment.
  bool hears_all();

 private:
  struct Shown {
    std::shared_ptr<WatchedPartition> partition;
    Gauge* position = nullptr;
    Gauge* lag = nullptr;
  };
  using Partitions = std::vector<WatchedPartition*>;

  void run(std::stop_token stop);
  void ask_all(const Partitions& partitions, std::stop_token stop);
  bool ask(const Partitions& partitions);
  std::map<int, Partitions> by_leader(const Partitions& partitions);
  void speak(const Partitions& partitions);
  void show(const std::vector<Shown>& shown);
  Environment::Instant now() { return environment_.now(); }

  std::shared_ptr<Client> client_;  ///< shared with the source and its readers
  const std::string topic_;
  const std::string source_;
  Environment& environment_;
  MetricRegistry* metrics_;
  std::function<void(const std::string&)> warn_;
  Counter* errors_ = nullptr;
  Gauge* silent_ = nullptr;
  std::uint64_t errors_shown_ = 0;
  std::uint64_t errors_before_ = 0;  ///< an outage
  Outage outage_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Shown> partitions_;  ///< guarded by mutex_
  bool added_ = false;             ///< guarded by mutex_
  std::jthread thread_;            ///< the last member: it uses the others
};

/// How old the answer about a partition's end may be when a reader says that it has come to it.
constexpr Environment::Instant kEndKnownFor = std::chrono::seconds{2};
/// How old it may be for a lag; the same time tells a silent broker from a slow one.
constexpr Environment::Instant kLagKnownFor = std::chrono::seconds{5};

}  // namespace weir::kafka
