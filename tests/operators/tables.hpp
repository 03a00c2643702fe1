#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
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

/// Of model tests: a few long scripts, then many short ones.
constexpr std::uint32_t kSeeds = 10'000;
constexpr int script_length(std::uint32_t seed) { return seed < 100 ? 60 : 6 + static_cast<int>(seed % 12); }

/// A table of orders that changes at random.
class RandomOrders {
 public:
  /// `customers`: how many of them there are.
  RandomOrders(std::mt19937& random, std::uint32_t ids, std::uint32_t customers)
      : random_(random), ids_(ids), customers_(customers) {}

  /// The next change; of a key that is not there never a deletion, and none that changes nothing.
  Orders next() {
    const auto id = static_cast<std::uint32_t>(random_() % ids_);
    Orders change{id, std::nullopt, std::nullopt};
    const auto found = rows_.find(id);
    if (found != rows_.end()) change.before = found->second;
    if (change.before && random_() % 4 == 0) {
      rows_.erase(id);
      return change;
    }
    do {
      change.after = Order{id, kNames[random_() % customers_], static_cast<std::int64_t>(random_() % 7)};
    } while (change.before && change.before->customer == change.after->customer &&
             change.before->amount == change.after->amount);
    rows_[id] = *change.after;
    return change;
  }
  const std::map<std::uint32_t, Order>& rows() const { return rows_; }

  static constexpr std::string_view kNames[] = {"ann", "bob", "cyd", "dan", "a customer with a longer name"};

 private:
  std::mt19937& random_;
  const std::uint32_t ids_, customers_;
  std::map<std::uint32_t, Order> rows_;
};

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

/// Adds to `changes` what makes `now` out of `table`, at `time`, and makes it so. For models: both are whole tables.
template <class C, class Key, class Row>
void expect(std::vector<testing::Timed<C>>& changes, std::map<Key, Row>& table, const std::map<Key, Row>& now,
            EventTime time) {
  const auto differs = [](const Row& a, const Row& b) {
    return testing::row_as_text(a) != testing::row_as_text(b);
  };
  for (const auto& [key, row] : table)
    if (!now.contains(key)) changes.push_back({{key, row, std::nullopt}, time});
  for (const auto& [key, row] : now) {
    const auto before = table.find(key);
    if (before == table.end()) changes.push_back({{key, std::nullopt, row}, time});
    else if (differs(before->second, row)) changes.push_back({{key, before->second, row}, time});
  }
  table = now;
}

}  // namespace weir::tables
