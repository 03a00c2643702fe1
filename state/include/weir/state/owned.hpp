#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/schema.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

/// Adds up the text that a value points to.
struct TextMeasure {
  std::size_t bytes = 0;
  std::string_view copy(std::string_view text) {
    bytes += text.size();
    return text;
  }
};

/// Copies text side by side into memory that is large enough.
struct TextBlock {
  char* next;
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    std::memcpy(next, text.data(), text.size());
    const std::string_view copied(next, text.size());
    next += text.size();
    return copied;
  }
};

}  // namespace detail

/// Bytes that `value` owns outside of itself, about: text and lists.
template <class T>
std::size_t heap_bytes(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.capacity() > 15 ? value.capacity() + 1 : 0;
  } else if constexpr (detail::is_optional<T>::value) {
    return value ? heap_bytes(*value) : 0;
  } else if constexpr (requires { value.heap_bytes(); }) {
    return value.heap_bytes();
  } else if constexpr (requires {
                         typename T::value_type;
                         value.capacity();
                       }) {
    std::size_t bytes = value.capacity() * sizeof(typename T::value_type);
    if constexpr (!std::is_trivially_copyable_v<typename T::value_type>)
      for (const auto& element : value) bytes += heap_bytes(element);
    return bytes;
  } else if constexpr (Described<T> && !std::is_trivially_copyable_v<T>) {
    std::size_t bytes = 0;
    boost::mp11::mp_for_each<FieldsOf<T>>([&](auto field) { bytes += heap_bytes(value.*field.pointer); });
    return bytes;
  } else {
    return 0;
  }
}

/// A value that owns the text it points to: what state keeps of a row. For types without string_view just the value.
template <class T, bool kPoints = kHoldsViews<T>>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T value) : value_(std::move(value)) {}
  const T& get() const { return value_; }
  /// For changes in place.
  T& edit() { return value_; }
  void set(const T& value) { value_ = value; }
  std::size_t heap_bytes() const { return weir::heap_bytes(value_); }

 private:
  T value_{};
};

template <class T>
class Owned<T, true> {
 public:
  Owned() = default;
  explicit Owned(const T& value) { set(value); }
  Owned(const Owned& other) { set(other.value_); }
  Owned(Owned&& other) noexcept = default;
  Owned& operator=(const Owned& other) {
    if (this != &other) set(other.value_);
    return *this;
  }
  Owned& operator=(Owned&& other) noexcept = default;

  const T& get() const { return value_; }
  void set(const T& value) {
    T copy = value;
    detail::TextMeasure measure;
    own_text(copy, measure);
    // `value` may point into the old text.
    std::unique_ptr<char[]> text(measure.bytes > 0 ? new char[measure.bytes] : nullptr);
    detail::TextBlock block{text.get()};
    own_text(copy, block);
    value_ = std::move(copy);
    text_ = std::move(text);
    text_bytes_ = measure.bytes;
  }
  std::size_t heap_bytes() const { return text_bytes_; }

 private:
  T value_{};
  std::unique_ptr<char[]> text_;
  std::size_t text_bytes_ = 0;
};

template <class T, bool kPoints>
struct StateCodec<Owned<T, kPoints>> {
  static void encode(std::string& out, const Owned<T, kPoints>& owned) {
    StateCodec<T>::encode(out, owned.get());
  }
  static Owned<T, kPoints> decode(StateReader& in) {
    // What it points to may be gone after this call: it is copied.
    return Owned<T, kPoints>(StateCodec<T>::decode(in));
  }
  static std::string type() { return StateCodec<T>::type(); }
};

}  // namespace weir
