#pragma once

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

/// Keeps the newest error that librdkafka would print, so that a message can name the cause behind a
/// time-out. Written by librdkafka's threads, read by any.
class ClientLog {
 public:
  void note(int level, std::string_view text);
  /// "127.0.0.1:1: Connection refused"; empty when nothing has gone wrong.
  std::string newest() const;

 private:
  mutable std::mutex mutex_;
  std::string newest_;
};

/// A librdkafka client and its log. Destruction ends its threads without waiting for a broker.
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
  /// The newest error text with a colon before it, or nothing: to be appended to a message.
  std::string cause() const;

 private:
  ClientLog log_;
  std::string brokers_;
  rd_kafka_t* handle_ = nullptr;
};

}  // namespace weir::kafka
