#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include <weir/core/time.hpp>

namespace weir {

enum class ParameterKind { kDuration, kInteger, kText, kFlag, kSize };

/// A value that a pipeline asks for: `--<name>` on the command line, `WEIR_<NAME>` in the environment and
/// `parameters.<name>` in the configuration file.
struct Parameter {
  std::string name;  ///< lower case, words joined by dashes: "out-of-orderness"
  ParameterKind kind = ParameterKind::kText;
  std::string default_text;  ///< written as a user would write it: "23h", "1000", "false"
  std::string help;          ///< one line
};

/// The values of a pipeline's own parameters, checked and typed. Handed to Program::build.
class Settings {
 public:
  using Value = std::variant<Duration, std::int64_t, std::string, bool, std::size_t>;

  Settings() = default;
  explicit Settings(std::map<std::string, Value> values) : values_(std::move(values)) {}

  /// Each throws std::logic_error when the program declares no parameter of that name and kind.
  Duration duration(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  bool flag(const std::string& name) const;
  std::size_t size(const std::string& name) const;  ///< in bytes

 private:
  std::map<std::string, Value> values_;
};

}  // namespace weir
