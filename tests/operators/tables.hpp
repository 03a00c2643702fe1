#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/change.hpp>
#include <weir/testing/operator_harness.hpp>

/// The rows of the tests of tables, and what every table promises of its changes.
namespace weir::tables {

struct Order {
  std::uint32_t id;
  std::string_view customer;
  std::int64_t amount;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer, amount))

struct Customer {
  std::string_view name;
  std::string_view city;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (name, city))

using Orders = Change<std::uint32_t, Order>;

/// Text by key, as a table's rows are compared.
using Texts = std::map<std::string, std::string>;

/// Folds changes into `table`, checking that each goes on from the one before and changes something.
template <class C>
void fold(const C& change, Texts& table) {
  const std::string key = testing::row_as_text(change.key);
  const auto before = table.find(key);
  REQUIRE((change.before || change.after));
  REQUIRE(change.before.has_value() == (before != table.end()));
  if (change.before) REQUIRE(testing::row_as_text(*change.before) == before->second);
  if (change.before && change.after)
    REQUIRE(testing::row_as_text(*change.before) != testing::row_as_text(*change.after));
  if (change.after) table[key] = testing::row_as_text(*change.after);
  else table.erase(key);
}

template <class C>
Texts folded(const std::vector<testing::Timed<C>>& changes) {
  Texts table;
  std::map<std::string, EventTime> times;
  for (const auto& change : changes) {
    fold(change.row, table);
    EventTime& last = times.try_emplace(testing::row_as_text(change.row.key), EventTime::min()).first->second;
    REQUIRE(last <= change.time);
    last = change.time;
  }
  return table;
}

}  // namespace weir::tables
