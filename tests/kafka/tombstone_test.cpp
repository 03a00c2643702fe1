#include <catch2/catch.hpp>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

struct Order {
  std::uint32_t id;
  std::int32_t amount;
  std::optional<bool> deleted;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, amount, deleted))

struct Message {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

void produce(const std::string& topic, const std::vector<Message>& messages) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", Broker::get().address().c_str(), nullptr, 0);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  for (const auto& [key, value] : messages)
    rd_kafka_produce(handle, 0, RD_KAFKA_MSG_F_COPY, value ? const_cast<char*>(value->data()) : nullptr,
                     value ? value->size() : 0, key ? key->data() : nullptr, key ? key->size() : 0, nullptr);
  rd_kafka_flush(client, 20'000);
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(client);
}

class Orders final : public RowSink {
 public:
  Batch& batch() override { return rows; }
  void reject(const Rejected& rejected) override {
    rejections.push_back(fmt::format("{}: {}", rejected.offset, rejected.reason));
  }
  RowBatch<Order> rows{1024};
  std::vector<std::string> rejections;
};

}  // namespace

TEST_CASE("A compacted topic's tombstones are rows with the message's key", "[kafka]") {
  const auto topic = fresh("compacted");
  make_topic(topic, 1, "cleanup.policy=compact");
  produce(topic, {{"7", R"({"id":7,"amount":5})"}, {"8", R"({"id":8,"amount":6})"}, {"7", {}}, {"x", {}}});
  Attempt attempt("reader");
  const auto open = [&](const std::string& parameters) {
    return attempt.source(at(topic, parameters), bounded(), row_schema<Order>());
  };
  {
    const auto source = open("tombstones=row&key=id&deleted=deleted");
    const auto reader = source->open("0", std::nullopt, {});
    Orders orders;
    eventually([&] { return reader->read(orders, 100) == ReadStatus::kEnd; });
    REQUIRE(orders.rows.size() == 3);
    CHECK(orders.rows[0].deleted == std::nullopt);
    CHECK(orders.rows[2].id == 7);
    CHECK(orders.rows[2].deleted == true);
    REQUIRE(orders.rejections.size() == 1);
    CHECK_THAT(orders.rejections[0], Catch::StartsWith("3: field `id`: `x`"));
    CHECK(reader->position().offset == 4);
  }
  const auto source = open("tombstones=skip");
  const auto reader = source->open("0", std::nullopt, {});
  Orders orders;
  eventually([&] { return reader->read(orders, 100) == ReadStatus::kEnd; });
  CHECK(orders.rows.size() == 2);
  CHECK(orders.rejections.empty());
  CHECK(reader->position().offset == 4);
}
