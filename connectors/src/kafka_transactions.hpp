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

namespace weir::kafka {

class Transactions;

/// Messages of one writer that the broker has not acknowledged yet. Belongs to the Transactions that made it.
struct Deliveries {
  Transactions* owner = nullptr;
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
  void add(const Address& sink, const std::string& sink_name);
  const std::string& brokers() const { return address_.brokers; }

  void fence() override;
  std::optional<std::string> last_record() override;
  void commit(Epoch epoch, const std::string& record) override;

  /// For writers. After fence().
  rd_kafka_topic_t* topic(const std::string& name) const { return topics_.at(name).handle.get(); }
  Deliveries* new_deliveries();
  /// The newest epoch committed by this object; a writer past barrier n may produce only when n is.
  Epoch committed() const { return committed_.load(std::memory_order_acquire); }
  /// False when the producer's buffer is full. Throws as check() does, FailJob for a message that is too
  /// large.
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
    int partitions = -1;
    Topic handle;
  };

  void make_topics();
  void make_producer();
  void ask_for_metadata();
  void init_transactions();
  void begin();
  void produce_record(const std::string& record, Environment::Instant deadline);
  void await_deliveries(Environment::Instant deadline);
  void finish_transaction(Epoch epoch, Environment::Instant deadline);
  [[noreturn]] void give_up(const Failure& failure, const std::string& message);
  void count(Outcome outcome);
  void note_duration(Environment::Instant duration);
  void serve(std::stop_token stop);
  void lose(std::string why, Remedy remedy);
  [[noreturn]] void raise_lost() const;
  Environment::Instant in(std::chrono::milliseconds after) { return environment_.now() + after; }
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*);
  void delivered(const rd_kafka_message_t& message, Deliveries& deliveries);

  Environment& environment_;
  MetricRegistry* metrics_;
  Address address_;       ///< the first sink's, with the properties of all
  std::string id_;        ///< transactional.id
  std::string instance_;  ///< key of the commit record
  int commit_partition_ = 0;
  std::map<std::string, std::string> property_owner_;  ///< which sink gave a property, for messages
  std::map<std::string, OutputTopic> topics_;          ///< handles go before the producer: see the destructor
  Cluster cluster_;
  std::unique_ptr<Client> producer_;

  std::atomic<Epoch> committed_{kNoEpoch};
  std::atomic<bool> lost_{false};
  std::atomic<bool> hurry_{false};
  std::atomic<std::int64_t> outstanding_{0};  ///< of all writers and the commit record
  std::atomic<bool> touched_{false};          ///< something was produced since begin()
  bool resolved_ = true;  ///< false after a commit whose outcome is unknown: nothing may follow then

  mutable std::mutex mutex_;
  std::condition_variable settled_;    ///< outstanding_ came to zero, or lost_
  std::string why_lost_;               ///< guarded by mutex_
  Remedy remedy_ = Remedy::kRestart;   ///< guarded by mutex_
  std::deque<Deliveries> deliveries_;  ///< guarded by mutex_; addresses stay valid
  Deliveries* record_deliveries_ = nullptr;
  std::jthread server_;  ///< serves delivery reports while the producer lives
};

}  // namespace weir::kafka
