#include <weir/operators/whole_window.hpp>

namespace weir::detail {

std::vector<LoggedRow> rows_of(const RowLog& log) {
  std::vector<LoggedRow> rows;
  StateReader in(log.rows);
  while (!in.at_end()) {
    const char* begin = log.rows.data() + (log.rows.size() - in.rest().size());
    LoggedRow row{};
    row.sequence = in.number<std::uint64_t>();
    row.time.millis = in.number<std::int64_t>();
    row.row = in.take(in.number<std::uint32_t>());
    row.all = {begin, static_cast<std::size_t>(row.row.data() + row.row.size() - begin)};
    rows.push_back(row);
  }
  // Parts that were merged need not have come in their order.
  const auto before = [](const LoggedRow& a, const LoggedRow& b) { return a.sequence < b.sequence; };
  if (!std::is_sorted(rows.begin(), rows.end(), before)) std::sort(rows.begin(), rows.end(), before);
  return rows;
}

void append_row(RowLog& log, Arrival arrival, std::string_view encoded) {
  append_number(log.rows, arrival.sequence);
  append_number(log.rows, arrival.time.millis);
  append_number(log.rows, static_cast<std::uint32_t>(encoded.size()));
  log.rows += encoded;
}

void remove_rows(RowLog& log, const RowLog& other) {
  const std::vector<LoggedRow> gone = rows_of(other);
  std::string kept;
  auto next = gone.begin();
  for (const LoggedRow& row : rows_of(log)) {
    while (next != gone.end() && next->sequence < row.sequence) ++next;
    if (next == gone.end() || next->sequence != row.sequence) kept += row.all;
  }
  log.rows = std::move(kept);
}

}  // namespace weir::detail
