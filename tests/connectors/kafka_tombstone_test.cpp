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

TEST_CASE("A Kafka source's address says what becomes of tombstones") {
  CHECK(address("").tombstones == kafka::Tombstones::kReject);
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
