#include <weir/control/settings.hpp>

#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "parameter_value.hpp"
#include "quantity.hpp"

namespace weir {

namespace {

template <class T>
const T& get(const std::map<std::string, Settings::Value>& values, const std::string& name,
             const char* kind) {
  const auto found = values.find(name);
  if (found == values.end())
    throw std::logic_error(fmt::format("the program asks for a parameter it does not declare: {}", name));
  const T* value = std::get_if<T>(&found->second);
  if (!value)
    throw std::logic_error(
        fmt::format("the program asks for the parameter {} as {}, but declares another kind", name, kind));
  return *value;
}

template <class T>
std::optional<Settings::Value> as_value(std::optional<T> value) {
  if (!value) return std::nullopt;
  return Settings::Value(std::in_place_type<T>, *value);
}

}  // namespace

Duration Settings::duration(const std::string& name) const {
  return get<Duration>(values_, name, "a duration");
}
std::int64_t Settings::integer(const std::string& name) const {
  return get<std::int64_t>(values_, name, "an integer");
}
const std::string& Settings::text(const std::string& name) const {
  return get<std::string>(values_, name, "text");
}
bool Settings::flag(const std::string& name) const { return get<bool>(values_, name, "a flag"); }
std::size_t Settings::size(const std::string& name) const {
  return get<std::size_t>(values_, name, "a size");
}

std::optional<Settings::Value> parse_parameter(ParameterKind kind, const std::string& text) {
  switch (kind) {
    case ParameterKind::kDuration:
      return as_value(parse_duration(text));
    case ParameterKind::kInteger:
      return as_value(parse_integer(text));
    case ParameterKind::kText:
      return as_value(std::optional(text));
    case ParameterKind::kFlag:
      return as_value(parse_flag(text));
    case ParameterKind::kSize:
      return as_value(parse_size(text));
  }
  return std::nullopt;
}

}  // namespace weir
