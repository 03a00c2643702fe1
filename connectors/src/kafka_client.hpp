#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

namespace weir::kafka {

/// Gives C objects of librdkafka to unique_ptr, each with the function that frees it.
template <auto free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, FreeWith<rd_kafka_conf_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, FreeWith<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, FreeWith<rd_kafka_queue_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, FreeWith<rd_kafka_message_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, FreeWith<rd_kafka_event_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, FreeWith<rd_kafka_error_destroy>>;
using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, FreeWith<rd_kafka_topic_partition_list_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, FreeWith<rd_kafka_metadata_destroy>>;

/// What librdkafka's threads tell of a client's connections. Written by them, read by any.
class ClientLog {
 public:
  void note(int level, std::string_view facility, std::string_view text);
  void note_broker(const std::string& name, std::string_view state);
  /// "127.0.0.1:1: Connection refused"; empty when nothing has gone wrong. The newest error that librdkafka would print,
  /// so that a message can name the cause behind a time-out.
  std::string newest() const;
  std::uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }
  /// How often a connection was lost, or a broker would not serve a partition. Counted before anything that is fetched
  /// afterwards arrives: in the meantime a topic may have been deleted and made anew.
  std::uint64_t interruptions() const { return interruptions_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::string newest_;
  std::map<std::string, bool> up_;  ///< by broker
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> interruptions_{0};
};

/// A librdkafka client and its log. Destruction ends its threads without waiting for a broker; where one of them hangs in the
/// resolution of a name, it is left behind after a moment.
class Client {
 public:
  /// Throws FailJob(kUsage) with librdkafka's reason when the configuration does not work out (a missing
  /// certificate).
  Client(rd_kafka_type_t type, Conf conf, std::string brokers);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }
  const std::string& brokers() const { return brokers_; }
  const ClientLog& log() const { return *log_; }
  /// The newest error text with a colon before it, or nothing: to be appended to a message.
  std::string cause() const;

 private:
  std::shared_ptr<ClientLog> log_;  ///< shared with librdkafka's threads, which may be left behind
  std::string brokers_;
  rd_kafka_t* handle_ = nullptr;
};

}  // namespace weir::kafka
