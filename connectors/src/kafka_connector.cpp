#include "kafka_connector.hpp"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "kafka_sink.hpp"
#include "kafka_source.hpp"
#include "kafka_transactions.hpp"

namespace weir {

namespace {

constexpr long kShortTimeout = 60'000;  // milliseconds; a broker's restart should fit in well

class Connector final : public KafkaConnector {
 public:
  std::unique_ptr<Source> source(const ConnectorUri& uri, const ConnectorContext& context,
                                 const SourceOptions& options) override {
    return kafka::make_source(kafka::parse_address(uri, context, kafka::Side::kSource), context, options);
  }

  std::unique_ptr<Sink> sink(const ConnectorUri& uri, const ConnectorContext& context) override {
    kafka::Address address = kafka::parse_address(uri, context, kafka::Side::kSink);
    if (!transactions_) transactions_ = std::make_shared<kafka::Transactions>(address, context);
    if (transactions_->brokers() != address.brokers)
      throw FailJob(fmt::format("{}: kafka at {}: another sink writes to {}; the Kafka sinks of a job commit "
                                "in one transaction, and a "
                                "transaction cannot span two clusters",
                                context.name, address.brokers, transactions_->brokers()),
                    ExitCode::kUsage);
    transactions_->add(address, context);
    warn_of_short_timeout(address, context);
    return kafka::make_sink(std::move(address), context, transactions_);
  }

 private:
  static void warn_of_short_timeout(const kafka::Address& address, const ConnectorContext& context) {
    const auto given = address.properties.find("transaction.timeout.ms");
    if (given == address.properties.end() || std::atol(given->second.c_str()) >= kShortTimeout) return;
    if (context.warn)
      context.warn(fmt::format(
          "{}: transaction.timeout.ms is {}: a broker that crashes while a transaction expires can show "
          "aborted records; keep it at {} or more",
          context.name, given->second, kShortTimeout));
  }

  std::shared_ptr<kafka::Transactions> transactions_;  ///< shared with the sinks and their writers
};

}  // namespace

std::unique_ptr<KafkaConnector> make_kafka_connector() { return std::make_unique<Connector>(); }

}  // namespace weir
