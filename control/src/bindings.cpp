#include "bindings.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "address_text.hpp"
#include "keys.hpp"
#include "nearest.hpp"
#include "redaction.hpp"

namespace weir {

namespace {

/// Names of a graph's vertices that can be bound.
struct Names {
  std::vector<std::string> sources;
  std::vector<std::string> sinks;
};

Names names_of(const JobGraph& graph) {
  Names names;
  for (const Vertex& vertex : graph.vertices) {
    if (std::holds_alternative<SourceVertex>(vertex.what)) {
      names.sources.push_back(vertex.name);
      names.sinks.push_back(vertex.name + ".dead_letter");
    } else if (std::holds_alternative<SinkVertex>(vertex.what)) {
      names.sinks.push_back(vertex.name);
    }
  }
  return names;
}

class Resolver {
 public:
  explicit Resolver(const JobGraph& graph) : graph_(graph), names_(names_of(graph)) {}

  Bindings resolve(const std::vector<RawValue>& values) {
    for (const Vertex& vertex : graph_.vertices) take_default(vertex);
    for (const RawValue& value : values) {
      const std::size_t dot = value.key.find('.');
      take(value, value.key.substr(0, dot), value.key.substr(dot + 1));
    }
    return std::move(bindings_);
  }

 private:
  /// A program's own address is left where it is, unless it says on_error: that is the runtime's to know, not the connector's.
  void take_default(const Vertex& vertex) {
    const auto* source = std::get_if<SourceVertex>(&vertex.what);
    if (!source || source->default_uri.find("on_error=") == std::string::npos) return;
    bind_source(
        RawValue{"sources." + vertex.name, source->default_uri, redacted_address(source->default_uri), {}},
        vertex.name);
  }

  void take(const RawValue& value, const std::string& section, const std::string& given) {
    const auto& known = section == "sinks" ? names_.sinks : names_.sources;
    const auto name = find(known, given, value.origin.layer);
    if (!name) {
      bindings_.problems.push_back(unknown(value, section, given, known));
    } else if (section == "sources") {
      bind_source(value, *name);
    } else if (section == "sinks") {
      bindings_.sinks[*name] = value;
    } else {
      bind_policy(value, *name, true);
    }
  }

  /// Variables spell names their own way: `late-flights` is LATE_FLIGHTS there.
  static std::optional<std::string> find(const std::vector<std::string>& known, const std::string& given,
                                         Layer layer) {
    const auto same = [&](const std::string& name) {
      return layer == Layer::kVariable ? variable_of(name) == "WEIR_" + given : name == given;
    };
    const auto found = std::find_if(known.begin(), known.end(), same);
    return found == known.end() ? std::nullopt : std::optional(*found);
  }

  static std::string unknown(const RawValue& value, const std::string& section, const std::string& given,
                             const std::vector<std::string>& known) {
    const char* kind = section == "sinks" ? "sink" : "source";
    if (value.origin.layer != Layer::kVariable)
      return fmt::format("{}: the pipeline has no {} '{}'{}", value.origin.where, kind, given,
                         suggestion(given, known));
    std::vector<std::string> variables;
    const std::string prefix = section == "sinks" ? "sink." : section == "sources" ? "source." : "on-error.";
    for (const std::string& name : known) variables.push_back(variable_of(prefix + name));
    return fmt::format("{}: the pipeline has no such {}{}", value.origin.where, kind,
                       suggestion(value.origin.where, variables));
  }

  void bind_source(RawValue value, const std::string& name) {
    const auto policy = take_parameter(value.text, "on_error");
    take_parameter(value.shown, "on_error");
    if (policy) bind_policy(RawValue{"on-error." + name, *policy, *policy, value.origin}, name, false);
    bindings_.sources[name] = std::move(value);
  }

  void bind_policy(RawValue value, const std::string& name, bool chosen) {
    if (value.text == "dead-letter") value.text = value.shown = "dead_letter";
    if (value.text != "fail" && value.text != "skip" && value.text != "dead_letter") {
      const std::string where = value.origin.where.empty() ? "the program" : value.origin.where;
      bindings_.problems.push_back(
          fmt::format("{}: '{}' is no way to treat errors of '{}'; allowed are fail, skip and dead_letter",
                      where, value.shown, name));
      return;
    }
    // Within a layer, --on-error speaks louder than the address.
    const int rank = static_cast<int>(value.origin.layer) * 2 + (chosen ? 1 : 0);
    const auto [earlier, first] = ranks_.emplace(name, rank);
    if (!first && earlier->second > rank) return;
    earlier->second = rank;
    bindings_.on_error[name] = std::move(value);
  }

  const JobGraph& graph_;
  const Names names_;
  Bindings bindings_;
  std::map<std::string, int> ranks_;
};

}  // namespace

Bindings resolve_bindings(const std::vector<RawValue>& values, const JobGraph& graph) {
  return Resolver(graph).resolve(values);
}

}  // namespace weir
