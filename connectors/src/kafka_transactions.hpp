#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <weir/core/connector.hpp>
#include <weir/core/sink.hpp>

#include "kafka_address.hpp"
#include "kafka_client.hpp"
#include "kafka_cluster.hpp"
#include "kafka_error.hpp"
#include "kafka_placement.hpp"
#include "kafka_producer.hpp"

namespace weir::kafka {

class Transactions;

/// Messages of one writer that the broker has not acknowledged yet. Belongs to the Transactions that made it.
struct Deliveries {
  Deliveries(Transactions& of, Backlog& of_topic, const std::string& partitioner)
      : owner(of), backlog(of_topic), placement(partitioner, of_topic) {}

  Transactions& owner;
  Backlog& backlog;
  Placement placement;  ///< used by its writer only
  std::atomic<std::int64_t> outstanding{0};
};

/// One message on its way out.
struct Outgoing {
  std::optional<std::string_view> key;
  std::string_view value;
  std::optional<std::int64_t> millis;  ///< message timestamp; none: the clock's
  int partition = RD_KAFKA_PARTITION_UA;
};

/// How a transaction ended.
enum class Outcome { kCommitted, kAborted, kFenced, kAmbiguous };

/// The transactional producer of an instance, shared by all its Kafka sinks: what they produce between two
/// commits, and the commit record, become visible together. docs/decisions/0003 tells why the record is a
/// message in a control topic.
///
/// A transaction is begun, locally, as soon as the one before is committed; a broker hears of it with the
/// first message. Methods of CommitLog as told there; those for writers may be called by any worker.
class Transactions final : public CommitLog {
 public:
  Transactions(const Address& first, const ConnectorContext& context);
  ~Transactions() override;

  /// Before fence(): another sink of the same cluster. Throws FailJob(kUsage) when its properties contradict
  /// the others'.
  void add(const Address& sink, const ConnectorContext& context);
  const std::string& brokers() const { return address_.brokers; }

  std::optional<std::string> look() override;
  void fence() override;
  std::optional<std::string> last_record() override;
  void claim(const std::string& record) override;
  void commit(Epoch epoch, const std::string& record) override;

  /// For writers. After fence().
  rd_kafka_topic_t* topic(const std::string& name) const { return topics_.at(name).handle.get(); }
  Deliveries* new_deliveries(const std::string& topic);
  /// The newest epoch committed by this object; a writer past barrier n may produce only when n is.
  Epoch committed() const { return committed_.load(std::memory_order_acquire); }
  /// Counts `messages` as outstanding: before they are handed over, since the report may come before the call
  /// returns. settle() takes back those that were not.
  void expect(Deliveries& deliveries, std::int64_t messages);
  void settle(Deliveries& deliveries, std::int64_t messages);
  /// Hands over a message that is expected. False when the producer's buffer is full. Throws as check() does,
  /// FailJob for a message that is too large.
  bool produce(rd_kafka_topic_t* topic, const Outgoing& message, Deliveries& deliveries);
  /// Sends what lingers in batches at once.
  void hurry();
  /// Throws when a message could not be delivered: its epoch must never be committed. RestartJob, or FailJob
  /// when it would not be delivered the next time either.
  void check() const {
    if (lost_.load(std::memory_order_acquire)) raise_lost();
  }

 private:
  struct OutputTopic {
    bool create = false;
    int partitions = -1;  ///< asked for, when it is made
    int found = 0;        ///< partitions that it has
    std::unique_ptr<Backlog> backlog;
    Topic handle;
  };
  /// Reports of a run of messages alike, counted together.
  struct Reports {
    Deliveries* deliveries = nullptr;
    std::int32_t partition = 0;
    std::int64_t messages = 0;
    std::int64_t bytes = 0;
  };

  void make_topics();
  void make_producer();
  void make_backlogs();
  void ask_for_metadata();
  void init_transactions();
  void begin();
  void produce_record(const std::string& record, Environment::Instant deadline);
  void await_deliveries(Environment::Instant deadline);
  void finish_transaction(const std::string& what, Environment::Instant deadline);
  [[noreturn]] void give_up(const Failure& failure, const std::string& message);
  void count(Outcome outcome);
  void note_duration(Environment::Instant duration);
  void serve(std::stop_token stop);
  bool has_full_batch() const;
  void publish(Reports& reports);
  void lose(std::string why, Remedy remedy);
  [[noreturn]] void raise_lost() const;
  Environment::Instant in(std::chrono::milliseconds after) { return environment_.now() + after; }
  static std::int32_t on_placing(const rd_kafka_topic_t* topic, const void* key, std::size_t key_bytes,
                                 std::int32_t partitions, void*, void* deliveries);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*);
  void delivered(const rd_kafka_message_t& message, Deliveries& deliveries);

  Environment& environment_;
  MetricRegistry* metrics_;
  Address address_;       ///< the first sink's, with the properties of all
  std::string id_;        ///< transactional.id
  std::string instance_;  ///< key of the commit record
  int commit_partition_ = 0;
  std::map<std::string, std::string> property_owner_;  ///< which sink gave a property, for messages
  std::map<std::string, OutputTopic> topics_;
  Cluster cluster_;
  std::size_t memory_bytes_ = 0;  ///< that all sinks may hold
  ProducerLimits limits_{};
  std::unique_ptr<Client> producer_;

  std::atomic<Epoch> committed_{kNoEpoch};
  std::atomic<bool> lost_{false};
  std::atomic<bool> hurry_{false};            ///< someone waits for deliveries
  std::atomic<bool> full_{false};             ///< someone waits for room
  std::atomic<std::int64_t> outstanding_{0};  ///< of all writers and the commit record
  std::atomic<bool> touched_{false};          ///< something was produced since begin()
  bool resolved_ = true;  ///< false after a commit whose outcome is unknown: nothing may follow then

  mutable std::mutex mutex_;
  std::condition_variable settled_;    ///< outstanding_ came to zero, or lost_
  std::string why_lost_;               ///< guarded by mutex_
  Remedy remedy_ = Remedy::kRestart;   ///< guarded by mutex_
  std::deque<Deliveries> deliveries_;  ///< guarded by mutex_; addresses stay valid
  Deliveries* record_deliveries_ = nullptr;
  Reports reports_;      ///< the server's
  std::jthread server_;  ///< serves delivery reports while the producer lives
};

}  // namespace weir::kafka
