#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/described.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// The types a field of a row may have. Stored in manifests: never renumber.
enum class FieldType : std::uint8_t {
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kUInt8 = 6,
  kUInt16 = 7,
  kUInt32 = 8,
  kUInt64 = 9,
  kFloat = 10,
  kDouble = 11,
  kText = 12,       // std::string_view into an arena that the batch keeps alive
  kOwnedText = 13,  // std::string
  kEventTime = 14,
  kStruct = 15,  // a described struct
};

struct RowSchema;

/// How a codec reads and writes one field of a row it knows only by address.
struct Field {
  std::string_view name;
  FieldType type;
  std::size_t offset;                 ///< of the field in the row, in bytes
  bool optional = false;              ///< std::optional<T>; then `emplace` and `get` lead to the value inside
  const RowSchema* nested = nullptr;  ///< of kStruct

  /// Address of the value inside, made present. Only for optional fields.
  void* (*emplace)(void* field) = nullptr;
  /// Address of the value inside, or nullptr when absent. Only for optional fields.
  const void* (*get)(const void* field) = nullptr;
  /// Makes an optional field absent.
  void (*reset)(void* field) = nullptr;
};

/// A row type as data: what codecs, manifests and metrics know of it. One object a type, alive for ever.
struct RowSchema {
  std::string_view name;
  std::size_t size;
  std::vector<Field> fields;

  const Field* find(std::string_view field) const {
    for (const Field& f : fields)
      if (f.name == field) return &f;
    return nullptr;
  }
};

template <Described Row>
const RowSchema& row_schema();

namespace detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
constexpr FieldType field_type() {
  if constexpr (std::is_same_v<T, bool>) return FieldType::kBool;
  else if constexpr (std::is_same_v<T, float>) return FieldType::kFloat;
  else if constexpr (std::is_same_v<T, double>) return FieldType::kDouble;
  else if constexpr (std::is_same_v<T, std::string_view>) return FieldType::kText;
  else if constexpr (std::is_same_v<T, std::string>) return FieldType::kOwnedText;
  else if constexpr (std::is_same_v<T, EventTime>) return FieldType::kEventTime;
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    return sizeof(T) == 1   ? FieldType::kInt8
           : sizeof(T) == 2 ? FieldType::kInt16
           : sizeof(T) == 4 ? FieldType::kInt32
                            : FieldType::kInt64;
  else if constexpr (std::is_integral_v<T>)
    return sizeof(T) == 1   ? FieldType::kUInt8
           : sizeof(T) == 2 ? FieldType::kUInt16
           : sizeof(T) == 4 ? FieldType::kUInt32
                            : FieldType::kUInt64;
  else {
    static_assert(Described<T>,
                  "weir: a field is a number, bool, text, weir::EventTime, a described struct, or "
                  "std::optional of one");
    return FieldType::kStruct;
  }
}

template <class T>
Field make_field(std::string_view name, std::size_t offset) {
  if constexpr (is_optional<T>::value) {
    using Value = typename T::value_type;
    Field field = make_field<Value>(name, offset);
    field.optional = true;
    field.emplace = [](void* f) -> void* { return &static_cast<T*>(f)->emplace(); };
    field.get = [](const void* f) -> const void* {
      const T& o = *static_cast<const T*>(f);
      return o ? &*o : nullptr;
    };
    field.reset = [](void* f) { static_cast<T*>(f)->reset(); };
    return field;
  } else {
    Field field{name, field_type<T>(), offset};
    if constexpr (field_type<T>() == FieldType::kStruct) field.nested = &row_schema<T>();
    return field;
  }
}

template <class Row>
constexpr std::string_view type_name() {
  // GCC and Clang: "... [with Row = Flight; ...]" and "... [Row = Flight]".
  constexpr std::string_view pretty = __PRETTY_FUNCTION__;
  constexpr std::size_t begin = pretty.find("Row = ") + 6;
  constexpr std::size_t end = pretty.find_first_of(";]", begin);
  return pretty.substr(begin, end - begin);
}

template <class T>
constexpr bool holds_views() {
  if constexpr (std::is_same_v<T, std::string_view>) return true;
  else if constexpr (is_optional<T>::value) return holds_views<typename T::value_type>();
  else if constexpr (Described<T>) {
    bool any = false;
    boost::mp11::mp_for_each<FieldsOf<T>>([&](auto field) {
      any = any || holds_views<std::remove_cvref_t<decltype(std::declval<T&>().*field.pointer)>>();
    });
    return any;
  } else return false;
}

}  // namespace detail

/// True for rows that point into an arena; batches of them share the arenas of their sources.
template <class Row>
inline constexpr bool kHoldsViews = detail::holds_views<Row>();

/// The schema of a described struct.
template <Described Row>
const RowSchema& row_schema() {
  static const RowSchema schema = [] {
    RowSchema s{detail::type_name<Row>(), sizeof(Row), {}};
    // Offsets are taken on storage that is never read: a row need not be default-constructible to have a schema.
    alignas(Row) static unsigned char storage[sizeof(Row)];
    Row* row = reinterpret_cast<Row*>(storage);
    boost::mp11::mp_for_each<FieldsOf<Row>>([&](auto field) {
      using T = std::remove_cvref_t<decltype(row->*field.pointer)>;
      const auto offset =
          static_cast<std::size_t>(reinterpret_cast<unsigned char*>(&(row->*field.pointer)) - storage);
      s.fields.push_back(detail::make_field<T>(field.name, offset));
    });
    return s;
  }();
  return schema;
}

}  // namespace weir
