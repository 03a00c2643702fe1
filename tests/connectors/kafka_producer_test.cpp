#include <catch2/catch.hpp>

#include "kafka_backlog.hpp"
#include "kafka_producer.hpp"

using weir::kafka::Backlog;
using weir::kafka::ProducerLimits;

TEST_CASE("A producer's queue has room for two batches of each partition") {
  for (const int partitions : {1, 2, 16, 40, 300}) {
    CAPTURE(partitions);
    const auto limits = ProducerLimits::of({}, partitions, 0);
    CHECK(limits.batch_bytes * 2 * partitions <= limits.queue_kbytes * 1024);
    CHECK(limits.batch_messages * 2 * partitions <= limits.queue_messages);
    CHECK(limits.queue_kbytes <= 32 * 1024);
  }
  CHECK(ProducerLimits::of({}, 2, 0).queue_kbytes == 4 * 1024);
  CHECK(ProducerLimits::of({}, 2, 0).batch_bytes > 900'000);
}

TEST_CASE("A producer's queue takes the largest message that may be sent") {
  CHECK(ProducerLimits::of({}, 1, 0).queue_kbytes * 1024 >= 1'000'000);
  CHECK(ProducerLimits::of({{"message.max.bytes", "100000000"}}, 1, 0).queue_kbytes * 1024 >= 100'000'000);
  // A request holds no more than message.max.bytes: a batch that waits for more would never leave.
  CHECK(ProducerLimits::of({{"message.max.bytes", "2000"}}, 1, 0).batch_bytes <= 2'000);
}

TEST_CASE("A producer's limits are the user's where there are any, and the others follow") {
  const auto limits = ProducerLimits::of({{"queue.buffering.max.kbytes", "200"}}, 2, 0);
  CHECK(limits.queue_kbytes == 200);
  CHECK(limits.batch_bytes * 4 <= 200 * 1024 + 4);
  CHECK(ProducerLimits::of({{"batch.size", "77"}}, 2, 0).batch_bytes == 77);
  CHECK(ProducerLimits::of({{"batch.num.messages", "5"}}, 2, 0).batch_messages == 5);
  CHECK(ProducerLimits::of({{"queue.buffering.max.messages", "1000"}}, 2, 0).batch_messages == 250);
}

TEST_CASE("A producer lingers for less than its messages have time") {
  CHECK(ProducerLimits::of({}, 1, 0).linger_millis < 300'000);
  CHECK(ProducerLimits::of({{"message.timeout.ms", "4000"}}, 1, 0).linger_millis == 2'000);
  CHECK(ProducerLimits::of({{"transaction.timeout.ms", "10000"}}, 1, 0).linger_millis == 5'000);
}

TEST_CASE("A backlog knows whether a whole batch of a partition is on its way") {
  Backlog backlog(3, 1'000, 10);
  CHECK_FALSE(backlog.has_full_batch());
  for (int partition = 0; partition < 3; ++partition) backlog.add(partition, 1, 900);
  CHECK_FALSE(backlog.has_full_batch());
  backlog.add(1, 1, 101);
  CHECK(backlog.has_full_batch());
  backlog.add(1, -1, -900);
  CHECK_FALSE(backlog.has_full_batch());
  backlog.add(2, 9, 9);
  CHECK(backlog.has_full_batch());
  // A partition that came later, and one that nobody knows.
  Backlog none(0, 1, 1);
  none.add(0, 5, 5'000);
  none.add(-1, 5, 5'000);
  CHECK_FALSE(none.has_full_batch());
}

TEST_CASE("A backlog names the partition with the least to do") {
  Backlog backlog(3, 1'000, 10);
  CHECK(backlog.least(3, -1) == 0);
  CHECK(backlog.least(3, 0) == 1);
  CHECK(backlog.least(3, 2) == 0);
  backlog.add(0, 1, 10);
  backlog.add(1, 1, 5);
  CHECK(backlog.least(3, 2) == 2);
  CHECK(backlog.least(2, 0) == 1);
}
