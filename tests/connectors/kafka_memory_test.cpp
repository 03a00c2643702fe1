#include <string>

#include <catch2/catch.hpp>

#include "kafka_fetch.hpp"
#include "kafka_producer.hpp"

namespace weir::kafka {
namespace {

constexpr std::size_t kMebi = 1 << 20;

long limit(std::size_t memory_bytes, int partitions, const std::string& name) {
  return std::stol(fetch_limits(memory_bytes, partitions).at(name));
}

TEST_CASE("What a source fetches keeps to its memory, all partitions together", "[memory]") {
  for (const std::size_t memory : {1 * kMebi, 2 * kMebi, 8 * kMebi, 64 * kMebi}) {
    for (const int partitions : {1, 4, 8}) {
      INFO(memory << " bytes, " << partitions << " partitions");
      const auto queues = static_cast<std::size_t>(limit(memory, partitions, "queued.max.messages.kbytes")) *
                          1024 * static_cast<std::size_t>(partitions);
      CHECK(queues <= memory);
      CHECK(queues >= memory * 9 / 10);
      CHECK(static_cast<std::size_t>(limit(memory, partitions, "fetch.max.bytes")) <=
            std::max(memory, kMebi));
    }
  }
}

TEST_CASE("However many partitions there are, each has room for a fetch and one more", "[memory]") {
  for (const int partitions : {1, 100, 1000}) {
    const long fetch = limit(8 * kMebi, partitions, "fetch.message.max.bytes");
    CHECK(fetch >= 64 * 1024);
    CHECK(limit(8 * kMebi, partitions, "queued.max.messages.kbytes") * 1024 >= 2 * fetch);
    CHECK(limit(8 * kMebi, partitions, "fetch.max.bytes") >= fetch);
  }
}

TEST_CASE("Much memory changes nothing: 64 MiB are fetched at most", "[memory]") {
  CHECK(fetch_limits(0, 4) == fetch_limits(std::size_t{1} << 40, 4));
  CHECK(limit(0, 4, "queued.max.messages.kbytes") == 16 * 1024);
  CHECK(limit(0, 4, "fetch.message.max.bytes") == 1 << 20);
}

TEST_CASE("What sinks have under way keeps to their memory, and takes the largest message", "[memory]") {
  CHECK(ProducerLimits::of({}, 16, 0).queue_kbytes == ProducerLimits::of({}, 16, 64 * kMebi).queue_kbytes);
  CHECK(ProducerLimits::of({}, 16, 8 * kMebi).queue_kbytes == 8 * 1024);
  CHECK(ProducerLimits::of({}, 16, kMebi).queue_kbytes == 4 * 1024);
  CHECK(ProducerLimits::of({}, 16, 0).queue_messages ==
        ProducerLimits::of({}, 16, 64 * kMebi).queue_messages);
  CHECK(ProducerLimits::of({}, 16, 8 * kMebi).queue_messages * 250 <= static_cast<std::int64_t>(8 * kMebi));
  CHECK(ProducerLimits::of({{"message.max.bytes", "20000000"}}, 16, kMebi).queue_kbytes > 19'531);
}

}  // namespace
}  // namespace weir::kafka
