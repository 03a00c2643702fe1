#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "channel.hpp"
#include "parker.hpp"
#include "rows.hpp"

namespace weir {

using namespace std::chrono_literals;

TEST_CASE("SpscRing takes as many values as it has room for, in order") {
  SpscRing<int, 4> ring;
  CHECK(ring.front() == nullptr);
  for (int round = 0; round < 10; ++round) {
    for (int n = 0; n < 4; ++n) {
      CHECK_FALSE(ring.full());
      int value = round * 10 + n;
      CHECK(ring.try_push(value));
    }
    int rejected = 99;
    CHECK(ring.full());
    CHECK_FALSE(ring.try_push(rejected));
    CHECK(rejected == 99);
    for (int n = 0; n < 4; ++n) {
      REQUIRE(ring.front());
      CHECK(*ring.front() == round * 10 + n);
      ring.pop();
    }
    CHECK(ring.front() == nullptr);
  }
}

TEST_CASE("SpscRing carries a million values between two threads, each once and in order") {
  SpscRing<std::unique_ptr<std::uint64_t>, 8> ring;
  constexpr std::uint64_t kValues = 1'000'000;
  std::thread producer([&] {
    for (std::uint64_t n = 0; n < kValues; ++n) {
      auto value = std::make_unique<std::uint64_t>(n);
      while (!ring.try_push(value)) std::this_thread::yield();
    }
  });
  std::uint64_t wrong = 0;
  for (std::uint64_t n = 0; n < kValues;) {
    if (auto* value = ring.front()) {
      wrong += **value != n++;
      ring.pop();
    } else {
      std::this_thread::yield();
    }
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(ring.front() == nullptr);
}

TEST_CASE("A channel wakes the end that sleeps, and sends emptied batches back") {
  Parker sender, receiver;
  Channel channel(&sender, &receiver);
  constexpr int kBatches = 20'000;
  std::size_t made = 0;
  std::thread producer([&] {
    for (int n = 0; n < kBatches; ++n) {
      Element element;
      element.rows = channel.take_emptied();
      if (!element.rows) {
        element.rows = std::make_unique<RowBatch<int>>(64);
        ++made;
      }
      static_cast<RowBatch<int>&>(*element.rows).append(n, EventTime{n});
      while (!channel.try_send(element)) sender.park(1ms);
    }
  });
  int wrong = 0;
  for (int n = 0; n < kBatches;) {
    Element* element = channel.front();
    if (!element) {
      receiver.park(1ms);
      continue;
    }
    wrong += numbers(*element->rows) != std::vector<int>{n++};
    std::unique_ptr<Batch> batch = std::move(element->rows);
    channel.pop();
    channel.give_back(std::move(batch));
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(made <= 3 * Channel::kElements + 2);  // no more than can be on their way at once
}

TEST_CASE("Two threads that wake each other in turn miss no call") {
  Parker ping, pong;
  std::atomic<int> ball{0};
  constexpr int kRounds = 20'000;
  const auto begin = std::chrono::steady_clock::now();
  std::thread other([&] {
    for (int n = 1; n < kRounds; n += 2) {
      while (ball.load(std::memory_order_acquire) != n) pong.park(5s);
      ball.store(n + 1, std::memory_order_release);
      ping.unpark();
    }
  });
  for (int n = 0; n < kRounds; n += 2) {
    ball.store(n + 1, std::memory_order_release);
    pong.unpark();
    while (ball.load(std::memory_order_acquire) != n + 2) ping.park(5s);
  }
  other.join();
  CHECK(std::chrono::steady_clock::now() - begin < 20s);  // a missed call costs five seconds
}

TEST_CASE("A parker does not sleep through a call that came before") {
  Parker parker;
  parker.unpark();
  const auto begin = std::chrono::steady_clock::now();
  parker.park(10s);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  parker.park(1ms);  // and comes back by itself
}

}  // namespace weir
