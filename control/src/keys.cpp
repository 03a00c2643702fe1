#include "keys.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "parameter_value.hpp"
#include "quantity.hpp"

namespace weir {

const std::vector<ConfigKey>& keys() {
  static const std::vector<ConfigKey> table = {
      {"parallelism", "N", "one worker a core", "Running",
       "Number of workers; each is a thread and owns a share of the keys.",
       "a whole number, 1 to max-parallelism"},
      {"max-parallelism", "N", "128", "Running",
       "Number of key groups: what parallelism can ever grow to. Fixed for the life of a job's state.",
       "a whole number, 1 to 32768"},
      {"memory", "SIZE", "1GiB", "Running", "What state, buffers and clients may take together.", kSizeForm},
      {"from", "WHERE", "resume", "Running",
       "Where to begin: at the last commit, afresh at the program's own choice, afresh at an end of the "
       "input, or with a savepoint.",
       "resume, fresh, earliest, latest, or savepoint: and where a savepoint is"},
      {"until", "WHEN", "forever", "Running",
       "Whether unbounded sources end at what is there when the job starts.", "latest or forever"},
      {"at-end", "WHAT", "fire", "Running",
       "What the end of all input does to windows that are open: fire them, or keep them for the next run.",
       "fire or keep"},
      {"linger", "TIME", "0", "Running",
       "Longest time a row waits for its batch to fill; 0 stands for 200 µs.", kDurationForm},
      {"job", "NAME", "the program's name", "Running",
       "What the job is called: what it shuts out, commits under and goes on from. Another name, another "
       "job.",
       "up to 64 letters, digits, '.', '_' and '-'"},
      {"instance", "NAME", "0", "Running", "Tells several processes of one job apart.",
       "up to 64 letters, digits, '.', '_' and '-'"},
      {"allow-duplicates", "", "false", "Running",
       "May go back to an older checkpoint than the one committed when that one is damaged; repeats output.",
       "true or false"},
      {"allow-dropped-state", "", "false", "Running",
       "May leave behind state of operators, and positions of sources, that the pipeline does not have any "
       "more.",
       "true or false"},
      {"state", "KIND", "rocksdb", "State and checkpoints",
       "Whether all state stays in memory or may be moved to disk.", "heap or rocksdb"},
      {"state-dir", "DIR", "weir-data/<job>/state", "State and checkpoints",
       "Scratch space of the state; rebuilt from the checkpoint when needed.", "a directory"},
      {"checkpoint-dir", "DIR", "weir-data/<job>/checkpoints", "State and checkpoints",
       "Where checkpoints are kept. One instance at a time.",
       "a directory, or s3://BUCKET/PREFIX?region=REGION"},
      {"checkpoint-interval", "TIME", "1s", "State and checkpoints",
       "How often a checkpoint is taken and output is committed; off: only at the end.",
       "a duration like 100ms, 1s, 5min, or off"},
      {"http", "ADDRESS", "127.0.0.1:8480", "Watching", "Where /metrics, /healthz and /readyz are served.",
       "an IP address and a port like 127.0.0.1:8480 or [::1]:8480, or off"},
      {"http-token-file", "FILE", "", "Watching",
       "File with the bearer token that /metrics and /version ask for. Required off the loopback interface.",
       "a file with 16 bytes or more"},
      {"log-level", "LEVEL", "info", "Watching",
       "The least severe lines that are logged. Why a job failed is said at every level.",
       "trace, debug, info, warn, error or off"},
      {"patience", "TIME", "1min", "Watching",
       "What stands still for longer gets a line in the log: event time, a checkpoint, a sink; 0: never.",
       kDurationForm},
      {"config", "FILE", "weir.yaml, if there is one", "Watching", "Configuration file, in YAML.", "a file",
       false},
  };
  return table;
}

const ConfigKey* find_key(std::string_view name) {
  const auto& table = keys();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const ConfigKey& k) { return k.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const std::vector<NamedKey>& named_keys() {
  static const std::vector<NamedKey> table = {
      {"source", "sources", "NAME=URI", "Address a source reads from."},
      {"sink", "sinks", "NAME=URI", "Address a sink writes to."},
      {"on-error", "on-error", "NAME=POLICY",
       "What a source does with input it cannot decode: fail, skip or dead_letter."},
  };
  return table;
}

std::string variable_of(std::string_view name) {
  std::string variable = "WEIR_";
  for (const unsigned char c : name)
    variable.push_back(c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(c)));
  return variable;
}

std::vector<std::string> problems(const std::vector<Parameter>& parameters) {
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const Parameter& p : parameters) {
    const bool well_formed = !p.name.empty() && std::islower(static_cast<unsigned char>(p.name[0])) != 0 &&
                             std::all_of(p.name.begin(), p.name.end(), [](unsigned char c) {
                               return std::islower(c) || std::isdigit(c) || c == '-';
                             });
    if (!well_formed) {
      found.push_back(fmt::format(
          "the program's parameter '{}' needs a name of lower-case letters, digits and '-'", p.name));
      continue;
    }
    const bool named = std::any_of(named_keys().begin(), named_keys().end(), [&](const NamedKey& k) {
      return p.name == k.flag || p.name.rfind(std::string(k.flag) + "-", 0) == 0;
    });
    static const std::set<std::string> kWords = {"help", "version", "json", "format"};
    if (find_key(p.name) || named || kWords.count(p.name))
      found.push_back(fmt::format(
          "the program's parameter '{}' has a name that weir uses itself; choose another", p.name));
    if (!seen.insert(p.name).second)
      found.push_back(fmt::format("the program declares the parameter '{}' twice", p.name));
    if (!parse_parameter(p.kind, p.default_text))
      found.push_back(fmt::format("the program's parameter '{}' has the default '{}', which is not {}",
                                  p.name, p.default_text, allowed_values(p.kind)));
  }
  return found;
}

const char* to_string(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kDuration:
      return "TIME";
    case ParameterKind::kInteger:
      return "N";
    case ParameterKind::kText:
      return "TEXT";
    case ParameterKind::kFlag:
      return "";
    case ParameterKind::kSize:
      return "SIZE";
  }
  return "";
}

std::string allowed_values(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kDuration:
      return kDurationForm;
    case ParameterKind::kInteger:
      return "a whole number";
    case ParameterKind::kText:
      return "any text";
    case ParameterKind::kFlag:
      return "true or false";
    case ParameterKind::kSize:
      return kSizeForm;
  }
  return "";
}

}  // namespace weir
