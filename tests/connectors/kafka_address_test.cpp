#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "kafka_connector.hpp"

using namespace weir;
using Catch::Contains;

namespace {

struct Ride {
  std::string_view rider;
  std::int32_t distance;
};
BOOST_DESCRIBE_STRUCT(Ride, (), (rider, distance))

class NoEnvironment final : public Environment {
 public:
  Instant now() override { return {}; }
  EventTime wall_clock() override { return {}; }
  std::uint64_t random() override { return 0; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}
};

/// Opens addresses; nothing here needs a broker.
struct Opening {
  ConnectorContext context() {
    return {
        "rides",      instance, "ride-sink", &row_schema<Ride>(),
        &environment, &metrics, settings,    [this](const std::string& line) { warnings.push_back(line); }};
  }
  void source(const std::string& address) { connector->source(ConnectorUri::parse(address), context(), {}); }
  void sink(const std::string& address) { connector->sink(ConnectorUri::parse(address), context()); }
  template <class Open>
  std::string complaint(Open open) {
    try {
      open();
    } catch (const FailJob& failure) {
      CHECK(failure.code() == ExitCode::kUsage);
      return failure.what();
    }
    return "";
  }
  std::string source_complaint(const std::string& address) {
    return complaint([&] { source(address); });
  }
  std::string sink_complaint(const std::string& address) {
    return complaint([&] { sink(address); });
  }

  std::string instance = "0";
  std::map<std::string, std::string> settings;
  std::vector<std::string> warnings;
  NoEnvironment environment;
  MetricRegistry metrics;
  std::unique_ptr<KafkaConnector> connector = make_kafka_connector();
};

}  // namespace

TEST_CASE("a near name is suggested for a parameter that nobody knows") {
  Opening open;
  CHECK_THAT(open.source_complaint("kafka://h/t?fromat=json"), Contains("did you mean `format`?"));
  CHECK_THAT(open.source_complaint("kafka://h/t?tombstone=skip"), Contains("did you mean `tombstones`?"));
  CHECK_THAT(open.sink_complaint("kafka://h/t?key=rider&timestmap=clock"),
             Contains("did you mean `timestamp`?"));
  CHECK_THAT(open.sink_complaint("kafka://h/t?client.ids=x"), Contains("did you mean `client.id`?"));
  CHECK_THAT(open.sink_complaint("kafka://h/t?group.idd=x"), !Contains("`group.id`?"));
}

TEST_CASE("no user and password stand in front of a broker, and none are shown") {
  Opening open;
  for (const char* address :
       {"kafka://ann:HunTer22@h:9092/t", "kafka:t?brokers=ann:HunTer22@h", "kafka://HunTer22@h/t"}) {
    INFO(address);
    CHECK_THAT(open.source_complaint(address), Contains("sasl.username and sasl.password"));
    CHECK_THAT(open.source_complaint(address), !Contains("unter22"));
  }
}

TEST_CASE("A Kafka address with librdkafka's properties is taken") {
  Opening opening;
  CHECK(opening.source_complaint("kafka://a:9092,b/rides?format=json&fetch.min.bytes=10&group=lag") == "");
  CHECK(opening.sink_complaint(
            "kafka://a:9092/rides?key=rider&linger.ms=1&compression.type=zstd&create=true&partitions=2") ==
        "");
  CHECK(opening.warnings.empty());
}

TEST_CASE("A Kafka address without brokers takes them from the settings") {
  Opening opening;
  CHECK_THAT(opening.source_complaint("kafka:rides"), Contains("no broker is named"));
  opening.settings["bootstrap.servers"] = "a:9092";
  CHECK(opening.source_complaint("kafka:rides") == "");
  opening.settings = {{"brokers", "a:9092"},
                      {"security.protocol", "sasl_ssl"},
                      {"sasl.mechanism", "PLAIN"},
                      {"sasl.username", "u"},
                      {"sasl.password", "p"}};
  CHECK(opening.source_complaint("kafka:rides") == "");
}

TEST_CASE("Everything wrong with a Kafka address is said at once") {
  Opening opening;
  const std::string all = opening.sink_complaint(
      "kafka://a/"
      "no%20topic?format=xml&key=nobody&create=maybe&partitions=0&timestamp=then&acks=1&transactional.id=me&"
      "linger.msec=3&retries=x");
  for (const char* part :
       {"no topic name", "`format` is json or raw, not `xml`", "`key` names no plain field",
        "rider, distance", "`create` is true or false", "`partitions` is a whole number",
        "`timestamp` is event or clock", "`acks` cannot be set", "`transactional.id` cannot be set",
        "`linger.msec` is neither", "`retries` cannot be set"})
    CHECK_THAT(all, Contains(part));
}

TEST_CASE("Kafka properties that would break exactly-once are refused with the reason") {
  for (const char* property :
       {"enable.auto.commit", "enable.auto.offset.store", "isolation.level", "auto.offset.reset",
        "enable.partition.eof", "transactional.id", "enable.idempotence", "acks",
        "max.in.flight.requests.per.connection", "partition.assignment.strategy",
        "delivery.report.only.error", "group.id", "group.instance.id"}) {
    Opening opening;
    CHECK_THAT(opening.source_complaint(std::string("kafka://a/rides?") + property + "=x"),
               Contains(std::string("`") + property + "` cannot be set: "));
    opening.settings[property] = "x";
    CHECK_THAT(opening.sink_complaint("kafka://a/rides"),
               Contains(std::string("`") + property + "` cannot be set: "));
  }
}

TEST_CASE("A wrong value of a Kafka property is shown with librdkafka's reason, a secret never") {
  Opening opening;
  CHECK_THAT(opening.source_complaint("kafka://a/rides?fetch.wait.max.ms=-5"),
             Contains("`fetch.wait.max.ms`: ") && Contains("-5"));
  const std::string secret =
      "kafka://a/rides?sasl.password=hunter2&ssl.key.password=swordfish&fetch.wait.max.ms=-5";
  CHECK_THAT(opening.source_complaint(secret), !Contains("hunter2") && !Contains("swordfish"));
}

TEST_CASE("A short transaction time-out is warned about") {
  Opening opening;
  opening.sink("kafka://a/rides?transaction.timeout.ms=5000");
  REQUIRE(opening.warnings.size() == 1);
  CHECK_THAT(opening.warnings[0], Contains("ride-sink") && Contains("transaction.timeout.ms is 5000"));
}

TEST_CASE("Kafka sinks of one job write to one cluster, however it is spelt") {
  Opening opening;
  opening.sink("kafka://B:9092,a/rides");
  CHECK(opening.sink_complaint("kafka://a:9092,b/others") == "");
  CHECK_THAT(opening.sink_complaint("kafka://c/others"), Contains("cannot span two clusters"));
}

TEST_CASE("A Kafka sink asks for an instance that is a number") {
  Opening opening;
  opening.instance = "blue";
  CHECK_THAT(opening.sink_complaint("kafka://a/rides"), Contains("not `blue`"));
}
