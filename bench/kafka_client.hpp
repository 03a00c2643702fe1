#pragma once

#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace weir::bench {

/// Throws std::runtime_error("what: why") unless ok.
void check(bool ok, const char* what, const std::string& why);

/// Whoever asks destroys it.
rd_kafka_t* client(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& properties);

/// Returns when its partitions have leaders.
void create_topic(rd_kafka_t* producer, const std::string& topic, int partitions);

}  // namespace weir::bench
