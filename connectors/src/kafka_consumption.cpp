#include "kafka_consumption.hpp"

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_error.hpp"

namespace weir::kafka {

namespace {
void call_wake(rd_kafka_t*, void* wake) { (*static_cast<const std::function<void()>*>(wake))(); }
}  // namespace

Consumption::Consumption(const Client& client, const std::string& topic, int partition, std::int64_t begin,
                         const std::function<void()>& wake)
    : topic_(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)),
      partition_(partition),
      queue_(rd_kafka_queue_new(client.get())) {
  if (wake)
    rd_kafka_queue_cb_event_enable(queue_.get(), call_wake, const_cast<std::function<void()>*>(&wake));
  if (rd_kafka_consume_start_queue(topic_.get(), partition, begin, queue_.get()) == -1)
    throw RestartJob(fmt::format("kafka topic {}, partition {}, cannot be read: {}", topic, partition,
                                 text_of(rd_kafka_last_error())));
}

Consumption::~Consumption() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  rd_kafka_consume_stop(topic_.get(), partition_);
}

}  // namespace weir::kafka
