#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/connector.hpp>

namespace weir {

/// The parameters of an address over the settings of its scheme, read with their types. Every complaint is a
/// FailJob(kUsage) that shows the address without its secrets, the parameter, and what is allowed.
class Parameters {
 public:
  /// Throws when a parameter or setting is not among `known`, naming the nearest.
  Parameters(const ConnectorUri& uri, const std::map<std::string, std::string>& settings,
             const std::vector<std::string>& known);

  std::optional<std::string> text(const std::string& key) const;
  std::optional<std::string> one_of(const std::string& key, const std::vector<std::string>& allowed) const;
  std::optional<bool> flag(const std::string& key) const;
  /// A whole number of at least 1.
  std::optional<std::size_t> count(const std::string& key) const;

  /// Throws FailJob(kUsage) with the address and `why`.
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  std::string address_;
  std::map<std::string, std::string> values_;
};

}  // namespace weir
