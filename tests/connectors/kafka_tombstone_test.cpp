#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "fake_environment.hpp"
#include "kafka_address.hpp"
#include "kafka_tombstone.hpp"

using namespace weir;
using Catch::Contains;

namespace {

struct Order {
  std::int32_t id;
  std::string_view customer;
  std::optional<std::string> note;
  std::optional<EventTime> since;
  std::optional<bool> deleted;
  double amount;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer, note, since, deleted, amount))

kafka::Address address(const std::string& parameters) {
  ConnectorContext context;
  context.job = "job";
  context.schema = &row_schema<Order>();
  return kafka::parse_address(ConnectorUri::parse("kafka://host/orders?" + parameters), context,
                              kafka::Side::kSource);
}

const Field& field(std::string_view name) { return *row_schema<Order>().find(name); }

}  // namespace

TEST_CASE("A tombstone becomes a row with the message's key and a mark") {
  RowBatch<Order> batch;
  std::string reason;
  REQUIRE(kafka::TombstoneRows(field("id"), field("deleted")).append("-42", batch, reason));
  {
    const std::string key = "ann";  // goes before the row does
    REQUIRE(kafka::TombstoneRows(field("customer"), field("deleted")).append(key, batch, reason));
    REQUIRE(kafka::TombstoneRows(field("note"), field("deleted")).append(key, batch, reason));
  }
  REQUIRE(kafka::TombstoneRows(field("since"), field("deleted")).append("1700000000000", batch, reason));
  REQUIRE(batch.size() == 4);
  CHECK(batch[0].id == -42);
  CHECK(batch[1].customer == "ann");
  CHECK(batch[2].note == "ann");
  CHECK(batch[3].since->millis == 1'700'000'000'000);
  for (const Order& order : batch.rows()) CHECK(order.deleted == true);
  CHECK(batch[1].id == 0);
  CHECK(!batch[0].note);
}

TEST_CASE("A tombstone whose key is no value of its field is refused, and leaves no row") {
  RowBatch<Order> batch;
  std::string reason;
  for (const std::string key : {"ann", "", "12x", "4294967296"}) {
    CHECK(!kafka::TombstoneRows(field("id"), field("deleted")).append(key, batch, reason));
    CHECK_THAT(reason, Contains("field `id`: `" + key + "`") && Contains("tombstone"));
  }
  CHECK(batch.empty());
}

TEST_CASE("A tombstone's key in JSON deletes what it says") {
  RowBatch<Order> batch;
  std::string reason;
  const auto rows = [](std::string_view name) {
    return kafka::TombstoneRows(field(name), field("deleted"), kafka::KeyFormat::kJson);
  };
  for (const std::string key : {R"("ann")", R"({"customer":"ann"})", R"( { "customer" : "\u0061nn" } )",
                                R"({"schema":{"type":"string","optional":false},"payload":"ann"})",
                                R"({"schema":{"type":"struct","fields":[]},"payload":{"customer":"ann"}})"}) {
    INFO(key);
    CHECK(rows("customer").append(key, batch, reason));
    CHECK(reason.empty());
  }
  for (const Order& order : batch.rows()) CHECK((order.customer == "ann" && order.deleted == true));
  batch.clear();
  for (const std::string key : {"7", R"({"id":7})", R"("7")", R"({"id":"7"})"})
    CHECK(rows("id").append(key, batch, reason));
  for (const Order& order : batch.rows()) CHECK(order.id == 7);
  batch.clear();
  CHECK(rows("since").append(R"({"since":"2023-11-14T22:13:20Z"})", batch, reason));
  CHECK(rows("since").append("1700000000000", batch, reason));
  for (const Order& order : batch.rows()) CHECK(order.since->millis == 1'700'000'000'000);
}

TEST_CASE(
    "A tombstone's key that is not the JSON wanted is refused by what is wrong with it, and leaves no row") {
  RowBatch<Order> batch;
  std::string reason;
  const kafka::TombstoneRows rows(field("id"), field("deleted"), kafka::KeyFormat::kJson);
  const std::pair<std::string, std::string> cases[] = {
      {"ann", "not JSON"},
      {R"({"id":7,"tenant":1})", "2 members"},
      {"{}", "0 members"},
      {R"({"order_id":7})", "without the member `id`"},
      {R"({"id":7.5})", "not a whole number"},
      {R"({"id":null})", "not a whole number"},
      {R"([7])", "not a whole number"},
      {"4294967296", "not a whole number"},
      {std::string("\0\0\0\0\x2a\x0e", 6), "Confluent's five bytes (a zero and schema 42)"},
  };
  for (const auto& [key, what] : cases) {
    CHECK(!rows.append(key, batch, reason));
    CHECK_THAT(reason, Contains(what) && Contains("tombstone"));
  }
  const kafka::TombstoneRows text(field("customer"), field("deleted"), kafka::KeyFormat::kJson);
  CHECK(!text.append("7", batch, reason));
  CHECK(batch.empty());
}

TEST_CASE("A tombstone's key that looks like JSON is refused until the address says how keys are written") {
  RowBatch<Order> batch;
  std::string reason;
  for (const std::string key : {R"("ann")", R"({"customer":"ann"})", R"( ["ann"])"}) {
    CHECK(!kafka::TombstoneRows(field("customer"), field("deleted")).append(key, batch, reason));
    CHECK_THAT(reason, Contains("key_format=json") && Contains("key_format=text"));
    CHECK(batch.empty());
    CHECK(kafka::TombstoneRows(field("customer"), field("deleted"), kafka::KeyFormat::kText)
              .append(key, batch, reason));
    CHECK(batch[0].customer == key);
    batch.clear();
  }
  CHECK(kafka::TombstoneRows(field("customer"), field("deleted")).append("ann {b}", batch, reason));
}

TEST_CASE("A Kafka source's address says what becomes of tombstones") {
  CHECK(address("").tombstones == kafka::Tombstones::kReject);
  CHECK(address("tombstones=row&key=id&deleted=deleted").key_format == kafka::KeyFormat::kUnsaid);
  CHECK(address("tombstones=row&key=id&deleted=deleted&key_format=json").key_format ==
        kafka::KeyFormat::kJson);
  CHECK(address("tombstones=row&key=id&deleted=deleted&key_format=text").key_format ==
        kafka::KeyFormat::kText);
  CHECK(address("tombstones=skip").tombstones == kafka::Tombstones::kSkip);
  const auto rows = address("tombstones=row&key=id&deleted=deleted");
  CHECK(rows.tombstones == kafka::Tombstones::kRow);
  CHECK(rows.key == "id");
  CHECK(rows.deleted == "deleted");
  CHECK_THROWS_WITH(address("tombstones=keep"), Contains("`tombstones` is reject, skip or row, not `keep`"));
  CHECK_THROWS_WITH(address("tombstones=row&key=amount"),
                    Contains("`key` one of these fields") &&
                        Contains("id, customer, note, since; not `amount`") &&
                        Contains("`deleted` one of these fields") && Contains(": deleted; not ``"));
}
