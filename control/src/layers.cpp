#include "layers.hpp"

#include <filesystem>

#include <weir/control/command_line.hpp>

#include "file_layer.hpp"
#include "flags.hpp"
#include "variables.hpp"

namespace weir {

namespace {

const RawValue* find(const std::vector<RawValue>& values, const std::string& key) {
  for (const RawValue& value : values)
    if (value.key == key) return &value;
  return nullptr;
}

/// The file to read: the one that was named, or weir.yaml where it exists.
std::optional<RawValue> config_file(const Flags& flags, const Variables& variables,
                                    const std::string& directory) {
  if (const RawValue* named = find(flags.values, "config")) return *named;
  if (const RawValue* named = find(variables.values, "config")) return *named;
  const std::filesystem::path usual = std::filesystem::path(directory) / "weir.yaml";
  std::error_code error;
  if (!std::filesystem::exists(usual, error)) return std::nullopt;
  return RawValue{"config", usual.string(), "weir.yaml", {}};
}

bool is_named(const std::string& key) {
  return key.rfind("sources.", 0) == 0 || key.rfind("sinks.", 0) == 0 || key.rfind("on-error.", 0) == 0;
}

void lay_over(Layers& layers, std::vector<RawValue> values) {
  for (RawValue& value : values) {
    if (is_named(value.key)) layers.named.push_back(std::move(value));
    else layers.single[value.key] = std::move(value);
  }
}

}  // namespace

Layers read_layers(const Flags& flags, const Terminal& terminal, const Program& program) {
  Layers layers;
  layers.problems = flags.problems;
  Variables variables = read_variables(terminal.variables, program);
  layers.problems.insert(layers.problems.end(), variables.problems.begin(), variables.problems.end());
  layers.config_file = config_file(flags, variables, terminal.directory);
  if (layers.config_file) {
    FileLayer file =
        read_file_layer(layers.config_file->text, layers.config_file->shown, terminal.variables, program);
    layers.problems.insert(layers.problems.end(), file.problems.begin(), file.problems.end());
    layers.hidden = std::move(file.hidden);
    lay_over(layers, std::move(file.values));
  }
  lay_over(layers, std::move(variables.values));
  lay_over(layers, flags.values);
  return layers;
}

}  // namespace weir
