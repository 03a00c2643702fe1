#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <weir/core/batch.hpp>
#include <weir/state/owned.hpp>

namespace weir::detail {

/// Rows that came before their operator began, in the order of their coming. In memory.
template <class Row>
class RowsBeforeStart {
 public:
  bool empty() const { return rows_.empty(); }
  void add(const RowBatch<Row>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows_.push_back({rows.time(i), Owned<Row>(rows[i])});
  }
  /// Calls visit(row, time) for the first `at_most` rows, which are gone then. True: there are no more.
  template <class Visit>
  bool take(std::size_t at_most, Visit&& visit) {
    for (; !rows_.empty() && at_most > 0; --at_most, rows_.pop_front())
      visit(rows_.front().row.get(), rows_.front().time);
    return rows_.empty();
  }

  void encode(std::string& out) const {
    append_number(out, static_cast<std::uint64_t>(rows_.size()));
    for (const Waiting& waiting : rows_) {
      append_number(out, waiting.time.millis);
      StateCodec<Owned<Row>>::encode(out, waiting.row);
    }
  }
  /// Behind the rows that are there.
  void decode(StateReader& in) {
    for (auto left = in.number<std::uint64_t>(); left > 0; --left) {
      const EventTime time{in.number<std::int64_t>()};
      rows_.push_back({time, StateCodec<Owned<Row>>::decode(in)});
    }
  }

 private:
  struct Waiting {
    EventTime time;
    Owned<Row> row;
  };
  std::deque<Waiting> rows_;
};

}  // namespace weir::detail
