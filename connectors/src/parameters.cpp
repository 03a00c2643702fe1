#include "parameters.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "choices.hpp"

namespace weir {

Parameters::Parameters(const ConnectorUri& uri, const std::map<std::string, std::string>& settings,
                       const std::vector<std::string>& known)
    : address_(uri.redacted()), values_(uri.parameters) {
  values_.insert(settings.begin(), settings.end());
  for (const auto& [key, value] : values_) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string hint = did_you_mean(key, known);
    const std::string allowed = known.empty() ? "it takes none" : "allowed are " + joined(known);
    refuse(fmt::format("unknown parameter `{}`{} ({})", key, hint, allowed));
  }
}

std::optional<std::string> Parameters::text(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Parameters::one_of(const std::string& key,
                                              const std::vector<std::string>& allowed) const {
  const std::optional<std::string> value = text(key);
  if (value && std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    refuse(fmt::format("{}={} is not known{} (allowed are {})", key, *value, did_you_mean(*value, allowed),
                       joined(allowed)));
  }
  return value;
}

std::optional<bool> Parameters::flag(const std::string& key) const {
  const std::optional<std::string> value = one_of(key, {"true", "false"});
  return value ? std::optional(*value == "true") : std::nullopt;
}

std::optional<std::size_t> Parameters::count(const std::string& key) const {
  const std::optional<std::string> value = text(key);
  if (!value) return std::nullopt;
  std::size_t number = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc() || stop != end || number == 0)
    refuse(fmt::format("{}={} is not a whole number of at least 1", key, *value));
  return number;
}

void Parameters::refuse(std::string_view why) const {
  throw FailJob(fmt::format("address `{}`: {}", address_, why), ExitCode::kUsage);
}

}  // namespace weir
