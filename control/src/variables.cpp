#include "variables.hpp"

#include <algorithm>
#include <optional>
#include <regex>

#include <fmt/format.h>

#include <weir/control/command_line.hpp>
#include <weir/core/connector.hpp>

#include "keys.hpp"
#include "nearest.hpp"
#include "redaction.hpp"

namespace weir {

namespace {

/// Kubernetes tells every container about the services around it, a service called "weir" as WEIR_SERVICE_HOST,
/// WEIR_PORT_8480_TCP_ADDR and so on. Nobody has written these, so they are no mistake.
bool is_service_link(const std::string& variable) {
  if (variable.size() > 256) return false;
  static const std::regex form(
      "WEIR_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|"
      "ADDR))?)?)");
  return std::regex_match(variable, form);
}

std::optional<RawValue> interpret(const std::string& variable, const std::string& text,
                                  const Program& program) {
  const Origin origin{Layer::kVariable, variable};
  for (const ConfigKey& key : keys())
    if (variable_of(key.name) == variable)
      return RawValue{std::string(key.name), text, redacted_address(text), origin};
  for (const Parameter& p : program.parameters)
    if (variable_of(p.name) == variable)
      return RawValue{"parameters." + p.name, text, is_secret(p.name) ? kHidden : redacted_address(text),
                      origin};
  for (const NamedKey& key : named_keys()) {
    const std::string prefix = variable_of(key.flag) + "_";
    if (variable.size() > prefix.size() && variable.compare(0, prefix.size(), prefix) == 0)
      return RawValue{fmt::format("{}.{}", key.section, variable.substr(prefix.size())), text,
                      redacted_address(text), origin};
  }
  return std::nullopt;
}

std::vector<std::string> known_variables(const Program& program) {
  std::vector<std::string> known;
  for (const ConfigKey& key : keys()) known.push_back(variable_of(key.name));
  for (const Parameter& p : program.parameters) known.push_back(variable_of(p.name));
  return known;
}

}  // namespace

Variables read_variables(const std::map<std::string, std::string>& environment, const Program& program) {
  Variables result;
  for (auto it = environment.lower_bound("WEIR_");
       it != environment.end() && it->first.rfind("WEIR_", 0) == 0; ++it) {
    const auto& [variable, text] = *it;
    const auto& foreign = program.foreign_variables;
    if (std::find(foreign.begin(), foreign.end(), variable) != foreign.end()) continue;
    if (auto value = interpret(variable, text, program)) result.values.push_back(std::move(*value));
    else if (!is_service_link(variable))
      result.problems.push_back(fmt::format("unknown environment variable {}{}", variable,
                                            suggestion(variable, known_variables(program))));
  }
  return result;
}

}  // namespace weir
