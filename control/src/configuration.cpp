#include "configuration.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/core/connector.hpp>

#include "bindings.hpp"
#include "http_token.hpp"
#include "keys.hpp"
#include "layers.hpp"
#include "parameter_value.hpp"
#include "places.hpp"
#include "quantity.hpp"

namespace weir {

namespace {

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c < 128 && std::isalnum(c)) || c == '.' || c == '_' || c == '-';
  });
}

template <class Enum, std::size_t N>
using Words = std::array<std::pair<const char*, Enum>, N>;

constexpr Words<StateMode, 2> kStates = {{{"heap", StateMode::kHeap}, {"rocksdb", StateMode::kRocksDb}}};
constexpr Words<StartFrom, 4> kStarts = {{{"resume", StartFrom::kResume},
                                          {"fresh", StartFrom::kFresh},
                                          {"earliest", StartFrom::kEarliest},
                                          {"latest", StartFrom::kLatest}}};
constexpr Words<bool, 2> kEnds = {{{"latest", true}, {"forever", false}}};
constexpr Words<AtEnd, 2> kAtEnds = {{{"fire", AtEnd::kFire}, {"keep", AtEnd::kKeep}}};
constexpr Words<LogLevel, 6> kLevels = {{{"trace", LogLevel::kTrace},
                                         {"debug", LogLevel::kDebug},
                                         {"info", LogLevel::kInfo},
                                         {"warn", LogLevel::kWarn},
                                         {"error", LogLevel::kError},
                                         {"off", LogLevel::kOff}}};

template <class Words>
auto parse_word(const Words& words, const std::string& text) -> std::optional<decltype(words[0].second)> {
  for (const auto& [word, value] : words)
    if (text == word) return value;
  return std::nullopt;
}

/// A word, or `savepoint:` and where one is.
std::optional<std::pair<StartFrom, std::string>> parse_start(const std::string& text) {
  if (const auto start = parse_word(kStarts, text)) return std::pair(*start, std::string());
  constexpr std::string_view kPrefix = "savepoint:";
  if (text.rfind(kPrefix, 0) != 0) return std::nullopt;
  const std::string directory = text.substr(kPrefix.size());
  if (!may_hold_checkpoints(directory)) return std::nullopt;
  return std::pair(StartFrom::kSavepoint, directory);
}

/// Turns layers into a Configuration, keeping for each value what `config` shows of it.
class Configurator {
 public:
  Configurator(const Flags& flags, const Terminal& terminal, const Program& program)
      : program_(program), terminal_(terminal), layers_(read_layers(flags, terminal, program)) {}

  Configuration configure() {
    if (!is_plain_name(program_.name))
      complain("the program's name '{}' is not made of letters, digits, '.', '_' and '-'", program_.name);
    append(layers_.problems);
    remember_given_secrets();
    take_values();
    take_http();
    build_graph();
    bind();
    take_connectors();
    if (layers_.config_file) show("config", layers_.config_file->shown, layers_.config_file->origin);
    check_whole();
    for (std::string& problem : result_.problems) problem = result_.secrets.scrub(std::move(problem));
    return std::move(result_);
  }

 private:
  template <class... Args>
  void complain(fmt::format_string<Args...> format, Args&&... args) {
    result_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  void append(const Problems& more) {
    result_.problems.insert(result_.problems.end(), more.begin(), more.end());
  }
  void show(const std::string& key, const std::string& value, const Origin& origin) {
    result_.shown.push_back({key, value, origin});
  }

  /// Reads one key through `parse` into `target`; what cannot be read is a problem, and leaves the default.
  template <class T, class Parse>
  void take(const std::string& key, T& target, const std::string& shown_default, Parse parse) {
    const auto given = layers_.single.find(key);
    if (given == layers_.single.end()) return show(key, shown_default, {});
    const RawValue& raw = given->second;
    show(key, raw.shown, raw.origin);
    if (auto value = parse(raw.text)) target = std::move(*value);
    else complain("{}: '{}' is not {}", raw.origin.where, raw.shown, find_key(key)->allowed);
  }

  void take_values() {
    JobOptions& job = result_.job;
    const auto default_of = [](const char* key) { return std::string(find_key(key)->default_text); };
    const auto whole = [](std::int64_t most) {
      return [most](const std::string& text) -> std::optional<std::uint32_t> {
        const auto number = parse_integer(text);
        if (!number || *number < 1 || *number > most) return std::nullopt;
        return static_cast<std::uint32_t>(*number);
      };
    };
    const auto word = [](const auto& words) {
      return [&words](const std::string& text) { return parse_word(words, text); };
    };
    const auto not_empty = [](const std::string& text) {
      return text.empty() ? std::nullopt : std::optional(text);
    };
    job_name_ = program_.name;
    take("job", job_name_, program_.name,
         [](const std::string& text) { return is_plain_name(text) ? std::optional(text) : std::nullopt; });
    const std::string data = "weir-data/" + job_name_;

    std::string max_parallelism = default_of("max-parallelism");
    take("max-parallelism", job.max_parallelism, max_parallelism, whole(32768));
    job.parallelism = std::clamp<std::uint32_t>(std::thread::hardware_concurrency(), 1, job.max_parallelism);
    take("parallelism", job.parallelism, std::to_string(job.parallelism), whole(32768));
    take("memory", job.memory_bytes, default_of("memory"), parse_size);
    std::pair<StartFrom, std::string> from{job.from, ""};
    take("from", from, default_of("from"), parse_start);
    std::tie(job.from, job.savepoint) = from;
    take("until", job.until_latest, default_of("until"), word(kEnds));
    take("at-end", job.at_end, default_of("at-end"), word(kAtEnds));
    take("linger", job.linger, default_of("linger"), parse_duration);
    take("instance", job.instance, default_of("instance"),
         [](const std::string& text) { return is_plain_name(text) ? std::optional(text) : std::nullopt; });
    take("allow-dropped-state", job.allow_dropped_state, default_of("allow-dropped-state"), parse_flag);
    take("allow-duplicates", job.allow_duplicates, default_of("allow-duplicates"), parse_flag);
    take("state", job.state, default_of("state"), word(kStates));
    job.state_dir = data + "/state";
    take("state-dir", job.state_dir, job.state_dir, not_empty);
    job.checkpoint_dir = data + "/checkpoints";
    take("checkpoint-dir", job.checkpoint_dir, job.checkpoint_dir, not_empty);
    take("checkpoint-interval", job.checkpoint_interval, default_of("checkpoint-interval"),
         [](const std::string& text) -> std::optional<std::optional<Duration>> {
           if (text == "off") return std::optional<Duration>();
           const auto interval = parse_duration(text);
           if (!interval || interval->count() == 0) return std::nullopt;
           return interval;
         });
    take("patience", job.patience, default_of("patience"), parse_duration);
    take("log-level", result_.log_level, default_of("log-level"), word(kLevels));
  }

  void take_http() {
    std::optional<HttpOptions> http = HttpOptions{};
    result_.http_chosen = layers_.single.count("http") > 0;
    take("http", http, std::string(find_key("http")->default_text),
         [](const std::string& text) -> std::optional<std::optional<HttpOptions>> {
           if (text == "off") return std::optional<HttpOptions>();
           const auto parsed = parse_http_address(text);
           if (!parsed) return std::nullopt;
           return parsed;
         });
    std::string token_file;
    take("http-token-file", token_file, "", [](const std::string& text) { return std::optional(text); });
    if (http && !token_file.empty()) {
      TokenFile token = read_token_file(token_file);
      result_.secrets.add(token.token);
      http->token = std::move(token.token);
      if (!token.problem.empty())
        complain("{}: {}", layers_.single.at("http-token-file").origin.where, token.problem);
    } else if (http && !is_loopback(http->address)) {
      complain(
          "{}: {} can be reached from other machines, so --http-token-file is required: a file with 16 bytes "
          "or more that "
          "clients send as 'Authorization: Bearer …'; or stay on 127.0.0.1",
          layers_.single.at("http").origin.where, to_string(*http));
    }
    result_.http = std::move(http);
  }

  /// Those of values that are no source's or sink's, too: a place of checkpoints may be an address.
  void remember_given_secrets() {
    std::vector<std::string> hidden = layers_.hidden;
    for (const auto& [key, raw] : layers_.single) redacted_address(raw.text, &hidden);
    for (const char* variable : {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
      if (const auto found = terminal_.variables.find(variable); found != terminal_.variables.end())
        hidden.push_back(found->second);
    result_.secrets.add_all(hidden);
  }

  /// Parameters that are wrong take their default here, so that the rest of the configuration is checked all the same.
  Settings settings() {
    std::map<std::string, Settings::Value> values;
    for (const Parameter& p : program_.parameters) {
      const std::string key = "parameters." + p.name;
      auto value = parse_parameter(p.kind, p.default_text);
      const auto given = layers_.single.find(key);
      if (given == layers_.single.end()) {
        const bool secret = is_secret(p.name) && !p.default_text.empty();
        if (secret) result_.secrets.add(p.default_text);
        show(key, secret ? kHidden : p.default_text, {});
      } else {
        const RawValue& raw = given->second;
        show(key, raw.shown, raw.origin);
        if (raw.shown == kHidden) result_.secrets.add(raw.text);
        if (auto parsed = parse_parameter(p.kind, raw.text)) value = std::move(parsed);
        else complain("{}: '{}' is not {}", raw.origin.where, raw.shown, allowed_values(p.kind));
      }
      if (!value) continue;
      values.emplace(p.name, std::move(*value));
    }
    return Settings(std::move(values));
  }

  void build_graph() {
    try {
      result_.graph = program_.build(settings());
      result_.graph.name = job_name_;
      has_graph_ = true;
      append(weir::problems(result_.graph));
    } catch (const std::exception& e) {
      complain("the pipeline cannot be built: {}", e.what());
    }
  }

  void bind() {
    remember_secrets();
    if (!has_graph_) return;
    Bindings bindings = resolve_bindings(layers_.named, result_.graph);
    append(bindings.problems);
    for (const Vertex& vertex : result_.graph.vertices) show_binding(vertex, bindings);
    for (auto& [name, raw] : bindings.sources) result_.job.sources[name] = raw.text;
    for (auto& [name, raw] : bindings.sinks) result_.job.sinks[name] = raw.text;
    for (auto& [name, raw] : bindings.on_error)
      result_.job.on_reject[name] = raw.text == "skip"          ? RejectPolicy::kSkip
                                    : raw.text == "dead_letter" ? RejectPolicy::kDeadLetter
                                                                : RejectPolicy::kFail;
  }

  void remember_secrets() {
    std::vector<std::string> hidden;
    for (const RawValue& raw : layers_.named) redacted_address(raw.text, &hidden);
    for (const Vertex& vertex : result_.graph.vertices) {
      if (const auto* source = std::get_if<SourceVertex>(&vertex.what))
        redacted_address(source->default_uri, &hidden);
      if (const auto* sink = std::get_if<SinkVertex>(&vertex.what))
        redacted_address(sink->default_uri, &hidden);
    }
    result_.secrets.add_all(hidden);
  }

  void show_binding(const Vertex& vertex, const Bindings& bindings) {
    const auto show_one = [&](const std::string& key, const std::map<std::string, RawValue>& given,
                              const std::string& name, const std::string& fallback) {
      const auto found = given.find(name);
      if (found == given.end()) show(key + "." + name, fallback, {});
      else show(key + "." + name, found->second.shown, found->second.origin);
    };
    if (const auto* source = std::get_if<SourceVertex>(&vertex.what)) {
      show_one("sources", bindings.sources, vertex.name, redacted_address(source->default_uri));
      show_one("on-error", bindings.on_error, vertex.name, "fail");
      const std::string dead_letter = vertex.name + ".dead_letter";
      if (bindings.sinks.count(dead_letter)) show_one("sinks", bindings.sinks, dead_letter, "");
    } else if (const auto* sink = std::get_if<SinkVertex>(&vertex.what)) {
      show_one("sinks", bindings.sinks, vertex.name, redacted_address(sink->default_uri));
    }
  }

  void take_connectors() {
    for (const auto& [key, raw] : layers_.single) {
      if (key.rfind("connectors.", 0) != 0) continue;
      const std::size_t scheme = key.find('.') + 1;
      const std::size_t dot = key.find('.', scheme);
      result_.job.connectors[key.substr(scheme, dot - scheme)][key.substr(dot + 1)] = raw.text;
      show(key, raw.shown, raw.origin);
    }
  }

  void check_whole() {
    if (!has_graph_) return;
    append(weir::problems(result_.job, result_.graph));
    append(clashes(result_.graph, result_.job));
    result_.warnings = weir::warnings(result_.graph);
    for (std::string& loop : loops(result_.graph, result_.job)) result_.warnings.push_back(std::move(loop));
  }

  const Program& program_;
  const Terminal& terminal_;
  const Layers layers_;
  Configuration result_;
  std::string job_name_;
  bool has_graph_ = false;
};

}  // namespace

const char* to_string(Layer layer) {
  switch (layer) {
    case Layer::kDefault:
      return "default";
    case Layer::kFile:
      return "file";
    case Layer::kVariable:
      return "env";
    case Layer::kFlag:
      return "flag";
  }
  return "";
}

Configuration configure(const Flags& flags, const Terminal& terminal, const Program& program) {
  return Configurator(flags, terminal, program).configure();
}

}  // namespace weir
