#include "kafka_client.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace weir::bench {

void check(bool ok, const char* what, const std::string& why) {
  if (!ok) throw std::runtime_error(std::string(what) + ": " + why);
}

rd_kafka_t* client(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& properties) {
  char why[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [key, value] : properties)
    check(rd_kafka_conf_set(conf, key.c_str(), value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK,
          "configuration", why);
  rd_kafka_t* made = rd_kafka_new(type, conf, why, sizeof why);
  check(made != nullptr, "client", why);
  return made;
}

namespace {

bool has_leaders(rd_kafka_t* any, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(any, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* found = nullptr;
  bool all = rd_kafka_metadata(any, 0, handle, &found, 5'000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
             found->topic_cnt == 1 && found->topics[0].partition_cnt > 0;
  for (int p = 0; all && p < found->topics[0].partition_cnt; ++p)
    all = found->topics[0].partitions[p].leader >= 0;
  if (found) rd_kafka_metadata_destroy(found);
  rd_kafka_topic_destroy(handle);
  return all;
}

}  // namespace

void create_topic(rd_kafka_t* producer, const std::string& topic, int partitions) {
  char why[512];
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof why);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(producer);
  rd_kafka_CreateTopics(producer, &wanted, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 10'000);
  check(event != nullptr && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, "create topic", topic);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
  for (int tries = 0; !has_leaders(producer, topic); ++tries) {
    check(tries < 100, "topic without leaders", topic);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace weir::bench
