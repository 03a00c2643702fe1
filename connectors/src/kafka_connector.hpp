#pragma once

#include <memory>

#include <weir/core/connector.hpp>

namespace weir {

/// Opens Kafka sources and sinks for one attempt. Sinks of one cluster share one transactional producer.
class KafkaConnector {
 public:
  virtual ~KafkaConnector() = default;
  virtual std::unique_ptr<Source> source(const ConnectorUri&, const ConnectorContext&,
                                         const SourceOptions&) = 0;
  virtual std::unique_ptr<Sink> sink(const ConnectorUri&, const ConnectorContext&) = 0;
};

std::unique_ptr<KafkaConnector> make_kafka_connector();

}  // namespace weir
