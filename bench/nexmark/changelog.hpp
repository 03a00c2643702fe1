#pragma once

#include <string_view>

#include <weir/weir.hpp>

namespace nexmark {

/// A row that comes into a table or goes from it. `kind` as Flink names it: +I a new key's row, -U and +U a key's row before and after a
/// change, in this order, -D the row of a key that is gone.
template <class RowType>
struct ChangelogRow {
  std::string_view kind;
  RowType row;
  BOOST_DESCRIBE_CLASS(ChangelogRow, (), (kind, row), (), ())
};

/// How the table of the last row of each key changes. `rows` are those that a query writes without a changelog; it needs state for the last row
/// of each key.
template <class Rows, class KeyOf>
auto changelog(const Rows& rows, KeyOf key_of) {
  using Row = typename Rows::RowType;
  return rows.key_by(key_of)
      .to_table("result-rows")
      .changes()
      .template flat_map<ChangelogRow<Row>>([](const auto& change, auto&& collect) {
        if (change.before) collect(ChangelogRow<Row>{change.after ? "-U" : "-D", *change.before});
        if (change.after) collect(ChangelogRow<Row>{change.before ? "+U" : "+I", *change.after});
      });
}

}  // namespace nexmark
