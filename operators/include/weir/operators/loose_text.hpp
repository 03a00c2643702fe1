#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/text_check.hpp>

namespace weir::detail {

/// Looks through a row for text that neither an arena of its batch nor the program keeps alive.
class LooseText {
 public:
  explicit LooseText(const Batch& batch) : batch_(&batch) {}

  /// Whether there is any; then field() says where.
  template <class Value>
  bool is_in(const Value& value) {
    if constexpr (std::is_same_v<Value, std::string_view>) {
      return !value.empty() && !batch_->keeps(value) && !is_static_text(value);
    } else if constexpr (is_optional<Value>::value) {
      return value && is_in(*value);
    } else if constexpr (!kHoldsViews<Value>) {
      return false;
    } else if constexpr (Described<Value>) {
      bool found = false;
      boost::mp11::mp_for_each<FieldsOf<Value>>(
          [&](auto field) { found = found || is_in_part(value.*field.pointer, field.name); });
      return found;
    } else if constexpr (requires { value.parts; }) {
      return std::apply([&](const auto&... part) { return (is_in(part) || ...); }, value.parts);
    } else if constexpr (requires { value.key, value.value; }) {
      return is_in_part(value.key, "key") || is_in(value.value);
    } else {
      return false;
    }
  }
  /// `before.origin`
  const std::string& field() const { return field_; }

 private:
  template <class Value>
  bool is_in_part(const Value& value, std::string_view name) {
    if (!is_in(value)) return false;
    field_ = std::string(name) + (field_.empty() ? "" : "." + field_);
    return true;
  }

  const Batch* batch_;
  std::string field_;
};

/// Fails the job: `to` is the name of where the row was to go.
[[noreturn]] void fail_for_loose_text(std::string_view to, std::string_view field, std::string_view row);

}  // namespace weir::detail
