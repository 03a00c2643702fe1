#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

namespace weir {

/// One field of a described struct, and what it was called before.
struct FieldAlias {
  std::string_view now;
  std::string_view before;
};

/// Former names of a described struct's fields, so that state written under these is found again. Specialise it for the struct, before the
/// struct is first used in a pipeline; a field that was renamed twice stands there twice, its latest former name first:
///
///     template <>
///     struct weir::FieldAliases<Account> {
///       static constexpr weir::FieldAlias kFields[] = {{"owner", "customer"}, {"cents", "balance"}};
///     };
///
/// May go when no checkpoint or savepoint with the old names is to be restored any more.
template <class Row>
struct FieldAliases {
  static constexpr std::array<FieldAlias, 0> kFields{};
};

namespace detail {

/// How many fields of `Row` have that name.
template <class Row>
constexpr std::size_t fields_called(std::string_view name) {
  std::size_t n = 0;
  boost::mp11::mp_for_each<FieldsOf<Row>>([&](auto field) { n += field.name == name ? 1u : 0u; });
  return n;
}

template <class Row>
constexpr bool aliases_name_fields() {
  for (const FieldAlias& alias : FieldAliases<Row>::kFields)
    if (fields_called<Row>(alias.now) == 0) return false;
  return true;
}
template <class Row>
constexpr bool aliases_are_former() {
  for (const FieldAlias& alias : FieldAliases<Row>::kFields)
    if (fields_called<Row>(alias.before) != 0) return false;
  return true;
}

/// `field(former)(former)`, as types of state are written.
template <class Row>
std::string named_with_aliases(std::string_view field) {
  static_assert(aliases_name_fields<Row>(), "weir: FieldAliases names a field that the struct does not have");
  static_assert(aliases_are_former<Row>(),
                "weir: FieldAliases gives as a former name what another field is called now");
  std::string text(field);
  for (const FieldAlias& alias : FieldAliases<Row>::kFields)
    if (alias.now == field) text.append("(").append(alias.before).append(")");
  return text;
}

}  // namespace detail

}  // namespace weir
