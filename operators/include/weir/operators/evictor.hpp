#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include <weir/core/time.hpp>
#include <weir/operators/whole_window.hpp>

namespace weir {

/// Evictors, besides those in whole_window.hpp: what a function sees of a window's rows, or what stays of them after it. In sessions, in
/// windows of an assigner of your own and in global ones, evicted rows are gone for good. Of your own: any function of
/// (WindowRows<Row>&) that calls keep_if(). Source: Flink, "Evictors".
template <class Evictor, class Row>
concept WindowEvictor = std::invocable < const Evictor&,
        WindowRows<Row>
& > ;

template <class Distance>
struct KeepWithin {
  double threshold;
  Distance distance;
  template <class Row>
  void operator()(WindowRows<Row>& all) const {
    if (all.empty()) return;
    const Row last = all[all.size() - 1];
    all.keep_if([&](const Row& row, EventTime) { return distance(row, last) < threshold; });
  }
};
/// Rows that are less than `threshold` away from the last that came: `distance(const Row&, const Row& last)` gives a number.
template <class Distance>
KeepWithin<Distance> keep_within(double threshold, Distance distance) {
  return {threshold, std::move(distance)};
}

}  // namespace weir
