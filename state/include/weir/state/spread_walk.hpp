#pragma once

#include <cstddef>

namespace weir::detail {

/// The order in which walks visit the slots of an open-addressing table: blocks of neighbours, spread over the whole table.
///
/// In the order of the slots rows would leave in the order of their hashes, and arrive so in the next table, whose slots go by the same
/// hashes: while it grows they would all gather at its front, in one row of slots to be searched, which is quadratic. From blocks that are
/// spread by the golden ratio each part of the hashes gets its share from the beginning. Hash tables
/// elsewhere have met this when they were copied ("accidentally quadratic" insertion in Rust's HashMap, 2016).
class SpreadWalk {
 public:
  SpreadWalk() = default;
  /// `capacity`: a power of two, of a block at least.
  explicit SpreadWalk(std::size_t capacity)
      : blocks_(capacity / kBlock),
        stride_(static_cast<std::size_t>(static_cast<double>(blocks_) * 0.6180339887498949) | 1) {}

  /// The slot that is visited as the i-th.
  std::size_t operator[](std::size_t i) const {
    return ((i / kBlock * stride_) & (blocks_ - 1)) * kBlock + i % kBlock;
  }

 private:
  static constexpr std::size_t kBlock = 64;
  std::size_t blocks_ = 1;
  std::size_t stride_ = 1;
};

}  // namespace weir::detail
