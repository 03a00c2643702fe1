#include "flags.hpp"

#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/control/command_line.hpp>
#include <weir/core/connector.hpp>

#include "keys.hpp"
#include "nearest.hpp"

#include <weir/core/nearest_word.hpp>
#include "redaction.hpp"

namespace weir {

namespace {

struct Verb {
  const char* name;
  Command command;
};
constexpr Verb kVerbs[] = {{"run", Command::kRun},         {"graph", Command::kGraph},
                           {"check", Command::kCheck},     {"config", Command::kConfig},
                           {"state", Command::kState},     {"savepoint", Command::kSavepoint},
                           {"version", Command::kVersion}, {"help", Command::kHelp}};

/// CLI11's view of the command line: every value arrives as text, so that checking is one matter for all layers.
class Grammar {
 public:
  explicit Grammar(const Program& program) : program_(program), app_("", program.name) {
    app_.set_help_flag("");
    app_.allow_extras();
    app_.add_flag("-h,--help", help_);
    app_.add_flag("--version", version_);
    for (const ConfigKey& key : keys()) add(std::string(key.name), key.placeholder.empty());
    for (const Parameter& p : program.parameters) add(p.name, p.kind == ParameterKind::kFlag);
    for (const NamedKey& key : named_keys()) {
      auto& values = given_[std::string(key.flag)];
      app_.add_option("--" + std::string(key.flag), values)->allow_extra_args(false);
    }
    for (const Verb& verb : kVerbs) add_verb(verb);
  }

  Flags parse(std::vector<std::string> arguments) {
    // CLI11 takes its arguments from the back.
    try {
      app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& e) {
      flags_.problems.push_back(described(e));
      return std::move(flags_);
    }
    report_extras(app_.remaining(true));
    if (version_) flags_.command = Command::kVersion;
    if (help_) flags_.command = Command::kHelp;
    for (const ConfigKey& key : keys())
      take(std::string(key.name), std::string(key.name), std::string(key.name));
    for (const Parameter& p : program_.parameters) take(p.name, "parameters." + p.name, p.name);
    for (const NamedKey& key : named_keys()) take_named(key);
    return std::move(flags_);
  }

 private:
  void add(const std::string& name, bool is_flag) {
    auto& values = given_[name];
    known_.push_back("--" + name);
    if (is_flag) app_.add_flag("--" + name, values);
    else app_.add_option("--" + name, values)->allow_extra_args(false);
  }

  void add_verb(const Verb& verb) {
    verbs_.emplace_back(verb.name);
    CLI::App* sub = app_.add_subcommand(verb.name);
    sub->set_help_flag("");
    sub->fallthrough();
    sub->allow_extras();
    sub->callback([this, command = verb.command] { flags_.command = command; });
    if (verb.command == Command::kGraph) sub->add_option("--format", flags_.format)->allow_extra_args(false);
    if (verb.command == Command::kConfig || verb.command == Command::kVersion)
      sub->add_flag("--json", flags_.json);
    if (verb.command == Command::kState || verb.command == Command::kSavepoint) add_question(*sub);
    if (verb.command == Command::kState) sub->add_option("--by", flags_.state.by)->allow_extra_args(false);
    if (verb.command == Command::kSavepoint) {
      sub->add_option("--base", flags_.state.base)->allow_extra_args(false);
      sub->add_option("--rows", flags_.state.rows)->allow_extra_args(false);
    }
  }

  void add_question(CLI::App& sub) {
    sub.add_option("words", flags_.state.words);
    sub.add_option("--at", flags_.state.at)->allow_extra_args(false);
    sub.add_option("--of", flags_.state.of)->allow_extra_args(false);
    sub.add_option("--key", flags_.state.key)->allow_extra_args(false);
    sub.add_option("--prefix", flags_.state.prefix)->allow_extra_args(false);
    sub.add_option("--limit", flags_.state.limit)->allow_extra_args(false);
  }

  /// CLI11's own words may quote a value, so only the names in them are used.
  std::string described(const CLI::ParseError& e) const {
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&e)) {
      const std::string text = e.what();
      for (const auto& [name, values] : given_)
        if (text.find("--" + name) != std::string::npos)
          return fmt::format("--{}: a value is missing; see --help for what is allowed", name);
    }
    return fmt::format("the command line cannot be understood ({}); see --help", e.get_name());
  }

  void report_extras(const std::vector<std::string>& extras) {
    bool after_unknown_flag = false;
    for (const std::string& extra : extras) {
      const bool is_flag = extra.size() > 1 && extra[0] == '-';
      // A word behind an unknown flag is most likely its value, perhaps a secret one: it is not repeated.
      if (!is_flag && after_unknown_flag) continue;
      after_unknown_flag = is_flag;
      if (is_flag) {
        const std::string name = extra.substr(0, extra.find('='));
        flags_.problems.push_back(fmt::format("unknown flag {}{}", name, near_flag(name)));
      } else {
        flags_.problems.push_back(
            fmt::format("unknown command '{}'{}", redacted_address(extra), suggestion(extra, verbs_)));
      }
    }
  }

  std::string near_flag(const std::string& name) const {
    std::vector<std::string> all = known_;
    for (const NamedKey& key : named_keys()) all.push_back("--" + std::string(key.flag));
    all.insert(all.end(), {"--help", "--version", "--json", "--format"});
    const auto near = nearest_word(name, all);
    if (near == name) return " for this command";
    if (near) return fmt::format("; did you mean {}?", *near);
    return "; see --help";
  }

  void take(const std::string& flag, const std::string& key, const std::string& named) {
    const auto& values = given_.at(flag);
    if (values.empty()) return;
    if (values.size() > 1)
      flags_.problems.push_back(fmt::format("--{} is given {} times; once is enough", flag, values.size()));
    const std::string& text = values.back();
    flags_.values.push_back(
        {key, text, is_secret(named) ? kHidden : redacted_address(text), {Layer::kFlag, "--" + flag}});
  }

  void take_named(const NamedKey& key) {
    std::map<std::string, int> seen;
    for (const std::string& text : given_.at(std::string(key.flag))) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0 || text.find_first_of(":/?") < equals) {
        flags_.problems.push_back(fmt::format("--{}: '{}' is not of the form {}", key.flag,
                                              redacted_address(text), key.placeholder));
        continue;
      }
      const std::string name = text.substr(0, equals);
      const std::string value = text.substr(equals + 1);
      if (seen[name]++ == 1)
        flags_.problems.push_back(
            fmt::format("--{} {}=… is given several times; once is enough", key.flag, name));
      flags_.values.push_back({fmt::format("{}.{}", key.section, name),
                               value,
                               redacted_address(value),
                               {Layer::kFlag, fmt::format("--{} {}", key.flag, name)}});
    }
  }

  const Program& program_;
  CLI::App app_;
  Flags flags_;
  bool help_ = false;
  bool version_ = false;
  std::map<std::string, std::vector<std::string>>
      given_;  ///< by flag, without the dashes; CLI11 holds references
  std::vector<std::string> known_;
  std::vector<std::string> verbs_;
};

}  // namespace

Flags read_flags(const std::vector<std::string>& arguments, const Program& program) {
  return Grammar(program).parse(arguments);
}

}  // namespace weir
