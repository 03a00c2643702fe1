#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/owned_rows.hpp>

namespace weir {

namespace {

struct Named {
  std::string_view name;
  std::int64_t number;
  std::optional<std::string_view> note;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name, number, note))

/// What owns nothing but strings of its own.
struct Model {
  std::string name;
  std::int64_t number;
  std::optional<std::string> note;
};

void check_same(const OwnedRows<Named>& rows, const std::vector<Model>& model) {
  REQUIRE(rows.size() == model.size());
  for (std::size_t i = 0; i < model.size(); ++i) {
    REQUIRE(rows[i].name == model[i].name);
    REQUIRE(rows[i].number == model[i].number);
    REQUIRE(rows[i].note == model[i].note);
  }
}

OwnedRows<Named> stored_and_read(const OwnedRows<Named>& rows) {
  std::string bytes;
  StateCodec<OwnedRows<Named>>::encode(bytes, rows);
  StateReader in(bytes);
  OwnedRows<Named> read = StateCodec<OwnedRows<Named>>::decode(in);
  std::fill(bytes.begin(), bytes.end(), '?');
  return read;
}

}  // namespace

TEST_CASE("OwnedRows agree with a vector of strings over random changes, copies and restores") {
  std::mt19937_64 random(7);
  OwnedRows<Named> rows;
  std::vector<Model> model;
  for (int n = 0; n < 100'000; ++n) {
    std::string name(random() % 40, static_cast<char>('a' + random() % 26)), note = name + "!";
    const bool noted = random() % 2 == 0;
    const auto place = random() % (model.size() + 1);
    rows.insert(place, {name, n, noted ? std::optional<std::string_view>(note) : std::nullopt});
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(place),
                 {name, n, noted ? std::optional(note) : std::nullopt});
    name.assign(name.size(), '?');
    note.assign(note.size(), '?');
    if (model.size() > 10) {
      rows.pop_back();
      model.pop_back();
    }
    if (random() % 100 == 0) rows = OwnedRows<Named>(rows);
    if (random() % 100 == 0) rows = stored_and_read(rows);
    if (random() % 1000 == 0) rows = OwnedRows<Named>(), model.clear();
    check_same(rows, model);
  }
}

TEST_CASE("OwnedRows are stored like a list of rows") {
  OwnedRows<Named> rows;
  rows.insert(0, {"b", 2, "text"});
  rows.insert(0, {"a", 1, std::nullopt});
  std::string bytes, expected;
  StateCodec<OwnedRows<Named>>::encode(bytes, rows);
  StateCodec<std::vector<Named>>::encode(expected, {{"a", 1, std::nullopt}, {"b", 2, "text"}});
  CHECK(bytes == expected);
  CHECK(StateCodec<OwnedRows<Named>>::type() == StateCodec<std::vector<Named>>::type());
}

TEST_CASE("OwnedRows that were moved from are empty, and may be used again") {
  OwnedRows<Named> from;
  from.insert(0, {"one", 1, "text"});
  OwnedRows<Named> to = std::move(from);
  check_same(from, {});
  from.insert(0, {"two", 2, std::nullopt});
  check_same(from, {{"two", 2, std::nullopt}});
  check_same(to, {{"one", 1, "text"}});
  to = std::move(from);
  check_same(to, {{"two", 2, std::nullopt}});
}

TEST_CASE("OwnedRows count what they hold, and not for ever what they have dropped") {
  OwnedRows<Named> rows;
  CHECK(rows.heap_bytes() == 0);
  const std::string text(100, 'x');
  for (int n = 0; n < 1000; ++n) {
    rows.insert(0, {text, n, text});
    if (rows.size() > 10) rows.pop_back();
  }
  CHECK(rows.heap_bytes() >= 10 * (200 + sizeof(Named)));
  CHECK(rows.heap_bytes() <= 20 * (200 + sizeof(Named)));
}

}  // namespace weir
