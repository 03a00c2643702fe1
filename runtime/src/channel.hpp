#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <weir/core/batch.hpp>
#include <weir/core/epoch.hpp>

namespace weir {

/// Bounded ring for one producing and one consuming thread. Both may be the same.
/// Source of the scheme: Lamport, "Proving the Correctness of Multiprocess Programs" (1977), with cached indices.
template <class T, std::size_t kCapacity>
class SpscRing {
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two, so that indices wrap by masking");

 public:
  /// False when full; `value` is untouched then.
  bool try_push(T& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ == kCapacity) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ == kCapacity) return false;
    }
    slots_[tail & (kCapacity - 1)] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// Consumer only: the next value, or null.
  T* front() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return nullptr;
    }
    return &slots_[head & (kCapacity - 1)];
  }
  /// Consumer only. Requires: front() is not null.
  void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  /// Producer only.
  bool full() {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ < kCapacity) return false;
    head_seen_ = head_.load(std::memory_order_acquire);
    return tail - head_seen_ == kCapacity;
  }

 private:
  std::array<T, kCapacity> slots_{};
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;  // producer's
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;  // consumer's
};

/// What travels in a channel: rows, and in order with them the marks that time and checkpoints are made of.
struct Element {
  /// kIdle: nothing but barriers comes until kActive, which comes before the next rows or watermark.
  enum class Kind : std::uint8_t { kRows, kWatermark, kIdle, kActive, kBarrier, kEnd };
  Kind kind = Kind::kRows;
  std::unique_ptr<Batch> rows;  ///< of kRows
  EventTime watermark;          ///< of kWatermark
  Epoch epoch = kNoEpoch;       ///< of kBarrier
};

class Parker;

/// One edge between two workers. Rows leave in batches; emptied batches come back through a second ring, so that a running
/// pipeline allocates nothing. Bounded: a full channel is what stops the sender, in the end the source.
class Channel {
 public:
  static constexpr std::size_t kElements = 16;

  Channel(Parker* sender, Parker* receiver) : sender_(sender), receiver_(receiver) {}

  // Sender.
  bool try_send(Element& element);
  bool full() { return ring_.full(); }
  /// An emptied batch, or null: then make one.
  std::unique_ptr<Batch> take_emptied();

  // Receiver.
  Element* front() { return ring_.front(); }
  void pop();
  void give_back(std::unique_ptr<Batch> batch);

 private:
  SpscRing<Element, kElements> ring_;
  SpscRing<std::unique_ptr<Batch>, 2 * kElements> emptied_;
  Parker* const sender_;  ///< null where both ends are on one worker, or in the simulation
  Parker* const receiver_;
};

}  // namespace weir
