#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "commands.hpp"
#include "json_text.hpp"

namespace weir {

namespace {

std::string origin_text(const Origin& origin) {
  return origin.where.empty() ? to_string(origin.layer) : origin.where;
}

std::string as_json(const Configuration& configuration) {
  std::string out = "[";
  for (const ShownValue& shown : configuration.shown)
    out +=
        fmt::format("{}\n  {{\"key\":{},\"value\":{},\"layer\":{},\"where\":{}}}", out.size() > 1 ? "," : "",
                    json_text(shown.key), json_text(configuration.secrets.scrub(shown.value)),
                    json_text(to_string(shown.origin.layer)), json_text(shown.origin.where));
  return out + "\n]\n";
}

std::string as_table(const Configuration& configuration) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const ShownValue& shown : configuration.shown) {
    key_width = std::max(key_width, shown.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(shown.value.size(), 60));
  }
  std::string out;
  for (const ShownValue& shown : configuration.shown)
    out += fmt::format("{:<{}}  {:<{}}  {}\n", shown.key, key_width, configuration.secrets.scrub(shown.value),
                       value_width, origin_text(shown.origin));
  return out;
}

}  // namespace

int command_config(const Configuration& configuration, bool json, const Terminal& terminal) {
  terminal.out << (json ? as_json(configuration) : as_table(configuration));
  if (configuration.problems.empty()) return static_cast<int>(ExitCode::kDone);
  print_problems(configuration.graph.name.empty() ? "weir" : configuration.graph.name, configuration.problems,
                 terminal.err);
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace weir
