#include "kafka_client.hpp"

#include <stdexcept>

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
}

}  // namespace weir::bench
