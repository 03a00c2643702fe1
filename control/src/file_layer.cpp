#include "file_layer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/control/command_line.hpp>
#include <weir/core/connector.hpp>

#include "keys.hpp"
#include "nearest.hpp"
#include "substitution.hpp"
#include "yaml_file.hpp"

namespace weir {

namespace {

std::string dashed(std::string word) {
  std::replace(word.begin(), word.end(), '_', '-');
  return word;
}

class Reader {
 public:
  Reader(const std::string& name, const std::map<std::string, std::string>& variables, const Program& program)
      : name_(name), variables_(variables), program_(program) {}

  FileLayer read(const YamlFile& file) {
    layer_.problems = file.problems;
    for (const YamlEntry& entry : file.entries) take(entry);
    return std::move(layer_);
  }

 private:
  void take(const YamlEntry& entry) {
    const std::string first = dashed(entry.path[0]);
    if (const ConfigKey* key = find_key(first); key && key->in_file) return take_single(entry, first);
    if (first == "parameters") return take_parameter(entry);
    if (first == "connectors") return take_connector(entry);
    for (const NamedKey& named : named_keys())
      if (first == named.section) return take_named(entry, std::string(named.section));
    unknown(entry, 0, top_level_keys());
  }

  void take_single(const YamlEntry& entry, const std::string& key) {
    if (entry.path.size() > 1)
      return complain(entry, fmt::format("'{}' holds keys; one value is expected", entry.path[0]));
    add(entry, key, false);
  }

  void take_parameter(const YamlEntry& entry) {
    std::vector<std::string> known;
    for (const Parameter& p : program_.parameters) known.push_back(p.name);
    if (entry.path.size() != 2)
      return complain(entry,
                      fmt::format("'{}': a parameter's name and its value are expected", joined(entry)));
    const std::string name = dashed(entry.path[1]);
    if (std::find(known.begin(), known.end(), name) == known.end()) return unknown(entry, 1, known);
    add(entry, "parameters." + name, is_secret(name));
  }

  void take_connector(const YamlEntry& entry) {
    if (entry.path.size() < 3)
      return complain(entry, fmt::format("'{}': settings are written connectors: {{kafka: {{client.id: …}}}}",
                                         joined(entry)));
    const std::string key = joined(entry);
    add(entry, key, is_secret(key));
  }

  /// `flights: URI` or `flights: {uri: URI, on_error: skip}`.
  void take_named(const YamlEntry& entry, const std::string& section) {
    if (entry.path.size() < 2)
      return complain(entry, fmt::format("'{}': a name and a value are expected", joined(entry)));
    if (entry.path.size() == 2) return add(entry, section + "." + entry.path[1], false);
    const std::string what = dashed(entry.path[2]);
    if (entry.path.size() > 3 || section == "on-error")
      return complain(entry, fmt::format("'{}' is nested too deep", joined(entry)));
    if (what == "uri") return add(entry, section + "." + entry.path[1], false);
    if (what == "on-error" && section == "sources") return add(entry, "on-error." + entry.path[1], false);
    unknown(
        entry, 2,
        section == "sources" ? std::vector<std::string>{"uri", "on_error"} : std::vector<std::string>{"uri"});
  }

  void add(const YamlEntry& entry, const std::string& key, bool secret) {
    Substituted value = substitute(entry.text, variables_);
    for (const std::string& problem : value.problems)
      complain(entry, fmt::format("'{}': {}", joined(entry), problem));
    if (!value.problems.empty()) return;
    const std::string shown =
        secret && !value.had_reference ? kHidden : redacted_address(entry.text, &layer_.hidden);
    redacted_address(value.text, &layer_.hidden);
    if (secret) layer_.hidden.push_back(value.text);
    // What comes from a file is a secret as a rule; a variable is one when its name says so.
    if (entry.text.find("${file:") != std::string::npos || is_secret(entry.text))
      layer_.hidden.insert(layer_.hidden.end(), value.values.begin(), value.values.end());
    layer_.values.push_back(
        {key, std::move(value.text), shown, {Layer::kFile, fmt::format("{}:{}", name_, entry.line)}});
  }

  void unknown(const YamlEntry& entry, std::size_t at, const std::vector<std::string>& known) {
    complain(entry, fmt::format("unknown key '{}'{}",
                                fmt::join(entry.path.begin(),
                                          entry.path.begin() + static_cast<std::ptrdiff_t>(at) + 1, "."),
                                suggestion(dashed(entry.path[at]), known)));
  }

  std::vector<std::string> top_level_keys() const {
    std::vector<std::string> known;
    for (const ConfigKey& key : keys())
      if (key.in_file) known.emplace_back(key.name);
    for (const NamedKey& key : named_keys()) known.emplace_back(key.section);
    known.insert(known.end(), {"parameters", "connectors"});
    return known;
  }

  static std::string joined(const YamlEntry& entry) { return fmt::format("{}", fmt::join(entry.path, ".")); }
  void complain(const YamlEntry& entry, const std::string& what) {
    layer_.problems.push_back(fmt::format("{}:{}:{}: {}", name_, entry.line, entry.column, what));
  }

  const std::string& name_;
  const std::map<std::string, std::string>& variables_;
  const Program& program_;
  FileLayer layer_;
};

}  // namespace

FileLayer read_file_layer(const std::string& path, const std::string& name,
                          const std::map<std::string, std::string>& variables, const Program& program) {
  return Reader(name, variables, program).read(read_yaml(path, name));
}

}  // namespace weir
