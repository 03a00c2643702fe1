#include "run_flags.hpp"

#include <unistd.h>

#include <charconv>

#include <CLI/CLI.hpp>

namespace nexmark {

std::optional<weir::Duration> parse_interval(const std::string& text) {
  if (text == "off") return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "min" ? 60'000 : 0;
  if (error != std::errc{} || number < 1 || factor == 0)
    throw CLI::ValidationError("a duration like 200ms, 1s or 1min, or off, is expected, not " + text);
  return weir::Duration{number * factor};
}

const char* name_of(weir::StateMode state) { return state == weir::StateMode::kHeap ? "heap" : "rocksdb"; }

void RunFlags::add_to(CLI::App& app) {
  options.scratch = std::filesystem::temp_directory_path() / ("weir-nexmark-" + std::to_string(getpid()));
  app.add_option("--queries", names, "all, or names: q0,q5")->delimiter(',');
  app.add_option("--events", options.events, "events of a run")->check(CLI::PositiveNumber);
  app.add_option("--parallelism", options.parallelism, "workers")->check(CLI::Range(1, 1024));
  app.add_option_function<std::string>(
         "--state",
         [this](const std::string& text) {
           options.state = text == "heap" ? weir::StateMode::kHeap : weir::StateMode::kRocksDb;
         },
         "heap or rocksdb")
      ->check(CLI::IsMember({"heap", "rocksdb"}));
  app.add_option_function<std::string>(
      "--checkpoint-interval",
      [this](const std::string& text) { options.checkpoint_interval = parse_interval(text); },
      "200ms, 1s, …; off: only one, at the end. 1s unless said");
  app.add_option("--memory", options.memory_bytes, "of a run, 1GiB unless said")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--event-rate", options.event_rate, "events a second of event time")
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_option_function<std::int64_t>(
      "--watermark-delay-ms", [this](std::int64_t ms) { options.watermark_delay = weir::Duration{ms}; },
      "how far the watermark stays behind");
  app.add_option_function<std::uint64_t>(
         "--keys", [this](std::uint64_t factor) { options.crowd = Crowd{}.times(factor); },
         "so many times as many people and auctions at once, 10 or 10x")
      ->transform([](const std::string& text) {
        return text.size() > 1 && text.back() == 'x' ? text.substr(0, text.size() - 1) : text;
      })
      ->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "other seeds, other events");
  app.add_option("--runs", runs, "of each query, a line each")->check(CLI::Range(1, 99));
  app.add_option("--scratch", options.scratch, "directory for state and checkpoints; removed");
  app.add_flag("--json", json, "a line of JSON a run");
}

}  // namespace nexmark
