#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

#include <weir/core/error.hpp>

namespace weir {

/// Windows by number of rows: the last `size` rows of a key, every `slide` rows. The first windows of a sliding kind hold as many rows as
/// there are. Source: Flink, countWindow().
///
/// Rows count in the order in which they come to the key's worker, whatever their times: nothing is late.
class CountWindows {
 public:
  /// Throws FailJob(kUsage) where one of them is 0.
  CountWindows(std::size_t size, std::size_t slide) : size_(size), slide_(slide) {
    if (size == 0 || slide == 0) throw FailJob("a count window needs at least 1 row", ExitCode::kUsage);
  }
  std::size_t size() const { return size_; }
  std::size_t slide() const { return slide_; }
  /// Rows are combined in slices of so many; a window is made of whole slices.
  std::size_t slice() const { return std::gcd(size_, slide_); }
  std::size_t slices_in_window() const { return size_ / slice(); }
  /// Windows have rows in common.
  bool overlap() const { return slide_ < size_; }
  std::string description() const;
  /// Throws FailJob(kStateUnusable) where state was kept for windows of another description.
  void check_restored(std::string_view description) const;

 private:
  std::size_t size_;
  std::size_t slide_;
};

}  // namespace weir
