#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/error.hpp>
#include <weir/core/order.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// The n rows of a key that are largest, by Less, of a member or a function of the row; of equal ones those that came first.
template <class By>
class Top {
 public:
  static constexpr std::uint32_t kMost = 10'000;

  /// 1 to kMost rows.
  Top(std::uint32_t n, By by) : n_(n), by_(std::move(by)) {
    if (n < 1 || n > kMost) throw FailJob("top() keeps 1 to 10000 rows a key", ExitCode::kUsage);
  }
  /// The smallest instead.
  Top smallest() const {
    Top copy = *this;
    copy.largest_ = false;
    return copy;
  }
  /// Also says so when the rank of a row changes, by removing it at its old rank and adding it at its new one: up to 2·n changes for a row.
  /// For changes only.
  Top with_ranks() const {
    Top copy = *this;
    copy.ranks_ = true;
    return copy;
  }
  /// With ranks, but says only which row a rank has now, not which one it had: up to n changes for a row, all of them added. Whoever keeps the
  /// last row of each key and rank has the same in the end. For changes only.
  Top upserts() const {
    Top copy = with_ranks();
    copy.removals_ = false;
    return copy;
  }

  std::uint32_t n() const { return n_; }
  bool ranks() const { return ranks_; }
  bool removals() const { return removals_; }
  /// Whether `row` stands in front of `other`, which came before it.
  template <class Row>
  bool before(const Row& row, const Row& other) const {
    return largest_ ? Less{}(std::invoke(by_, other), std::invoke(by_, row))
                    : Less{}(std::invoke(by_, row), std::invoke(by_, other));
  }

 private:
  std::uint32_t n_;
  By by_;
  bool largest_ = true;
  bool ranks_ = false;
  bool removals_ = true;
};

/// `top(3, &Bid::price)`: see KeyedStream::top_n().
template <class By>
Top<By> top(std::uint32_t n, By by) {
  return Top<By>(n, std::move(by));
}

/// A row that has come among the first n of its key (added), or is not among them any more.
template <class Row>
struct TopChange {
  bool added;
  std::uint32_t rank;  ///< 1 and up, where it enters, or where it leaves
  Row row;
  BOOST_DESCRIBE_CLASS(TopChange, (), (added, rank, row), (), ())
};

/// One of the first n rows of a key in a window.
template <class Row>
struct WindowTop {
  EventTime window_start;
  EventTime window_end;
  std::uint32_t rank;  ///< 1 and up
  Row row;
  BOOST_DESCRIBE_CLASS(WindowTop, (), (window_start, window_end, rank, row), (), ())
};

}  // namespace weir
