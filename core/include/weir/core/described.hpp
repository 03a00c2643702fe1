#pragma once

#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

namespace weir {

/// Structs whose fields are known: BOOST_DESCRIBE_STRUCT(Row, (Bases…), (fields…)).
template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

namespace detail {

/// Stands for a base of `T` with something in it.
template <class T>
struct AnyBase {
  template <class Base>
  requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T> && !std::is_empty_v<Base>) operator Base()
      const;  // NOLINT(google-explicit-constructor): it is what initialises the base
};
struct EmptyBase {
  template <class Base>
  requires std::is_empty_v<Base>
  operator Base() const;  // NOLINT(google-explicit-constructor)
};

/// Of structs without constructors, which begin with their bases.
template <class T>
inline constexpr bool kBeginsWithBase = requires {
  T{AnyBase<T>{}};
}
|| requires { T{EmptyBase{}, AnyBase<T>{}}; };

template <class T, unsigned kModifiers>
using Members = boost::describe::describe_members<T, kModifiers>;

template <class Member>
struct IsPlainMember;
template <class T, class Field>
struct IsPlainMember<Field T::*> : std::is_standard_layout<Field> {};
template <class D>
using IsPlain = IsPlainMember<std::remove_const_t<decltype(D::pointer)>>;

/// Of classes with constructors: public fields of plain types, and yet not laid out as C would, so there is more than is described.
template <class T>
constexpr bool holds_more() {
  if constexpr (std::is_aggregate_v<T> || std::is_polymorphic_v<T> || std::is_standard_layout_v<T>) {
    return false;
  } else {
    return boost::mp11::mp_empty<Members<T, boost::describe::mod_private>>::value &&
           boost::mp11::mp_empty<Members<T, boost::describe::mod_protected>>::value &&
           boost::mp11::mp_all_of<Members<T, boost::describe::mod_public>, IsPlain>::value;
  }
}

template <class T>
constexpr bool has_described_bases() {
  if constexpr (boost::describe::has_describe_bases<T>::value)
    return !boost::mp11::mp_empty<boost::describe::describe_bases<T, boost::describe::mod_any_access>>::value;
  else return false;
}
template <class Base>
using IsDescribedBase = boost::describe::has_describe_members<typename Base::type>;
template <class T>
constexpr bool bases_are_described() {
  return boost::mp11::mp_all_of<boost::describe::describe_bases<T, boost::describe::mod_any_access>,
                                IsDescribedBase>::value;
}

template <Described T>
constexpr auto fields_of() {
  constexpr unsigned kOwn = boost::describe::mod_any_access;
  constexpr unsigned kAll = kOwn | boost::describe::mod_inherited;
  if constexpr (has_described_bases<T>()) {
    static_assert(bases_are_described<T>(),
                  "weir: a base that is named in BOOST_DESCRIBE_STRUCT(Derived, (Base), (fields…)) is "
                  "described itself: write BOOST_DESCRIBE_STRUCT(Base, (), (fields…)) before it");
    if constexpr (bases_are_described<T>()) {
      static_assert(boost::mp11::mp_size<Members<T, kAll>>::value ==
                        boost::mp11::mp_size<Members<T, kAll | boost::describe::mod_hidden>>::value,
                    "weir: no field of a described struct has the name of a field of its base: rename one");
      return Members<T, kAll>{};
    } else {
      return Members<T, kOwn>{};
    }
  } else {
    static_assert(
        !kBeginsWithBase<T> && !holds_more<T>(),
        "weir: a struct that has a base names it, BOOST_DESCRIBE_STRUCT(Derived, (Base), (fields…)), "
        "and describes the base and all fields: what is not described would be lost in records, state "
        "and keys");
    return Members<T, kOwn>{};
  }
}

}  // namespace detail

/// Descriptors of all fields, those of bases first.
template <Described T>
using FieldsOf = decltype(detail::fields_of<T>());

}  // namespace weir
