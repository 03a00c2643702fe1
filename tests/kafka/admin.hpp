#pragma once

#include <stdexcept>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "broker.hpp"

namespace weir::testing {

/// Topics made, deleted and shortened by librdkafka's own admin calls: no JVM to wait for.
class Admin {
 public:
  Admin() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", Broker::get().address().c_str(), nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    answers_ = rd_kafka_queue_new(client_);
  }
  ~Admin() {
    rd_kafka_queue_destroy(answers_);
    rd_kafka_destroy(client_);
  }
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  rd_kafka_t* client() const { return client_; }
  rd_kafka_queue_t* answers() const { return answers_; }

  /// `config` is empty or `key=value`. False when the topic is there already.
  bool make(const std::string& topic, int partitions, const std::string& config) {
    rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, nullptr, 0);
    if (const auto equals = config.find('='); equals != config.npos)
      rd_kafka_NewTopic_set_config(wanted, config.substr(0, equals).c_str(),
                                   config.substr(equals + 1).c_str());
    rd_kafka_CreateTopics(client_, &wanted, 1, nullptr, answers_);
    rd_kafka_NewTopic_destroy(wanted);
    return of_topic(answer(), [](const rd_kafka_event_t* event, std::size_t* count) {
             return rd_kafka_CreateTopics_result_topics(
                 rd_kafka_event_CreateTopics_result(const_cast<rd_kafka_event_t*>(event)), count);
           }) == RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  void remove(const std::string& topic) {
    rd_kafka_DeleteTopic_t* unwanted = rd_kafka_DeleteTopic_new(topic.c_str());
    rd_kafka_DeleteTopics(client_, &unwanted, 1, nullptr, answers_);
    rd_kafka_DeleteTopic_destroy(unwanted);
    rd_kafka_event_destroy(answer());
  }

  /// Deletes the records of partition 0 before `offset`.
  void remove_records(const std::string& topic, std::int64_t offset) {
    rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, topic.c_str(), 0)->offset = offset;
    rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(before);
    rd_kafka_DeleteRecords(client_, &wanted, 1, nullptr, answers_);
    rd_kafka_DeleteRecords_destroy(wanted);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_event_destroy(answer());
  }

  void add_partitions(const std::string& topic, int partitions) {
    rd_kafka_NewPartitions_t* wanted =
        rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions), nullptr, 0);
    rd_kafka_CreatePartitions(client_, &wanted, 1, nullptr, answers_);
    rd_kafka_NewPartitions_destroy(wanted);
    rd_kafka_event_destroy(answer());
  }

  /// The answer to the call before; the caller destroys it.
  rd_kafka_event_t* answer() {
    rd_kafka_event_t* event = rd_kafka_queue_poll(answers_, 20'000);
    if (!event) throw std::runtime_error("no answer from the broker");
    return event;
  }

 private:
  template <class Topics>
  static rd_kafka_resp_err_t of_topic(rd_kafka_event_t* event, Topics topics) {
    auto code = rd_kafka_event_error(event);
    std::size_t count = 0;
    if (!code) {
      const auto** results = topics(event, &count);
      if (count == 1) code = rd_kafka_topic_result_error(results[0]);
    }
    rd_kafka_event_destroy(event);
    return code;
  }

  rd_kafka_t* client_;
  rd_kafka_queue_t* answers_;
};

inline void make_topic(const std::string& topic, int partitions = 1, const std::string& config = "") {
  if (!Admin().make(topic, partitions, config)) throw std::runtime_error("cannot make topic " + topic);
}

/// Deletes a topic and makes one of the same name as soon as the broker lets it.
inline void make_anew(const std::string& topic) {
  Admin admin;
  admin.remove(topic);
  while (!admin.make(topic, 1, "")) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

inline void delete_records(const std::string& topic, std::int64_t before) {
  Admin().remove_records(topic, before);
}

}  // namespace weir::testing
