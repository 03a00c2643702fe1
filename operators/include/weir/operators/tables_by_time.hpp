#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/state/keyed_table.hpp>

namespace weir {

/// A keyed state that is divided by time: one table for each span of it, by a number that grows with time. A table whose time is over
/// is dropped whole, so that no key needs a timer to be forgotten. Which tables there are is the `extra` of the operator's state.
template <class Key, class Object>
class TablesByTime {
 public:
  using Table = KeyedTable<Key, Object>;
  using Tables = std::map<std::int64_t, std::unique_ptr<Table>>;

  TablesByTime(OperatorStates& states, std::string state_name)
      : states_(states), name_(std::move(state_name)) {
    const KeyGroupRange mine = states.key_groups();
    for (const OperatorStates::Part& part : states.restored_parts()) {
      if (part.key_groups.first >= mine.end || mine.first >= part.key_groups.end) continue;
      for (StateReader in(part.extra); !in.at_end();) open(in.number<std::int64_t>(), Table::Origin::kStored);
    }
  }

  /// Null: there is none.
  Table* find(std::int64_t span) {
    const auto it = tables_.find(span);
    return it == tables_.end() ? nullptr : it->second.get();
  }
  Table& at(std::int64_t span) { return open(span, Table::Origin::kNew); }
  /// By time.
  const Tables& tables() const { return tables_; }
  void drop_first() {
    tables_.begin()->second->drop();
    tables_.erase(tables_.begin());
  }
  /// For OperatorStates::seal().
  std::string directory() const {
    std::string bytes;
    for (const auto& [span, table] : tables_) detail::append_number(bytes, span);
    return bytes;
  }

 private:
  Table& open(std::int64_t span, typename Table::Origin origin) {
    auto& table = tables_[span];
    if (!table) table = std::make_unique<Table>(states_, name_, static_cast<std::uint64_t>(span), origin);
    return *table;
  }

  OperatorStates& states_;
  const std::string name_;
  Tables tables_;
};

}  // namespace weir
