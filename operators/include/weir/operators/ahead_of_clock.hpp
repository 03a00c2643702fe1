#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <weir/core/source.hpp>

namespace weir {

/// Tells of rows that were too far ahead of the wall clock to move the watermark: counts them, and logs the first one of each partition.
class RowsAheadOfClock {
 public:
  explicit RowsAheadOfClock(const SourceContext& context);
  /// `rows` of a batch of `partition`; `first`: it had none before.
  void count(std::size_t rows, std::string_view partition, bool first, EventTime furthest, Duration bound);

 private:
  const std::string source_;
  const std::function<void(const std::string&)> warn_;
  Counter* counter_;
};

}  // namespace weir
