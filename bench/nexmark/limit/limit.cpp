#include "limit.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/core/error.hpp>

#include "../apart.hpp"
#include "../queries.hpp"
#include "../run_flags.hpp"
#include "loops.hpp"

namespace nexmark {

namespace {

/// Events a second of processor time.
struct Compared {
  std::string query;
  std::uint64_t rows;
  double by_hand;
  double weir;
  bool same_rows;
};

std::vector<std::string> queries_with_loops(const std::vector<std::string>& said) {
  std::vector<std::string> chosen;
  for (const std::string& name : chosen_queries(said)) {
    if (by_hand::has_loop(name)) chosen.push_back(name);
    else if (std::find(said.begin(), said.end(), name) != said.end())
      throw weir::FailJob("there is no loop by hand for " + name, weir::ExitCode::kUsage);
  }
  return chosen;
}

std::optional<Compared> compare(const std::string& query, const BenchOptions& options) {
  const auto by_hand = run_apart([&] { return by_hand::spend(query, options); });
  const auto weir = run_apart([&] { return measure(query, options); });
  const auto hand_rows = run_apart([&] { return by_hand::digest(query, options); });
  const auto weir_rows = run_apart([&] { return digest_of_rows(query, options); });
  if (!by_hand || !weir || !hand_rows || !weir_rows) return std::nullopt;
  const auto events = static_cast<double>(options.events);
  return Compared{query, by_hand->value.rows, events / by_hand->value.cpu_seconds,
                  events / weir->value.cpu_seconds,
                  hand_rows->value == weir_rows->value && hand_rows->value.count == by_hand->value.rows};
}

void print(const Compared& c, const BenchOptions& options, double events_alone, bool json) {
  if (json)
    fmt::print(
        R"({{"query":"{}","events":{},"rows":{},"by_hand_events_per_core_second":{:.0f},"weir_events_per_core_second":{:.0f},)"
        R"("ratio":{:.3f},"generator_events_per_core_second":{:.0f},"parallelism":{},"state":"{}","same_rows":{}}})"
        "\n",
        c.query, options.events, c.rows, c.by_hand, c.weir, c.weir / c.by_hand, events_alone,
        options.parallelism, name_of(options.state), c.same_rows);
  else
    fmt::print("{:<5} {:>10} {:>14.2f} {:>14.2f} {:>8.2f} {:>14.2f}  {}\n", c.query, c.rows, c.by_hand / 1e6,
               c.weir / 1e6, c.weir / c.by_hand, events_alone / 1e6, c.same_rows ? "same" : "DIFFERENT");
}

int compare_all(const RunFlags& flags) {
  const std::vector<std::string> names = queries_with_loops(flags.names);
  if (!flags.json)
    fmt::print("{:<5} {:>10} {:>14} {:>14} {:>8} {:>14}  {}\n", "query", "rows", "by hand, M/s", "weir, M/s",
               "ratio", "events, M/s", "rows");
  bool good = true;
  for (const std::string& name : names) {
    for (int run = 0; run < flags.runs; ++run) {
      const auto alone = run_apart([&] { return by_hand::spend_on_events(flags.options); });
      const auto compared = compare(name, flags.options);
      if (alone && compared)
        print(*compared, flags.options, static_cast<double>(flags.options.events) / alone->value.cpu_seconds,
              flags.json);
      else fmt::print(stderr, "{} has failed\n", name);
      good = good && compared && compared->same_rows;
    }
  }
  return good ? 0 : 1;
}

}  // namespace

int limit(int argc, char** argv) {
  CLI::App app("Events a second of processor time: queries written by hand for one thread, and weir's");
  RunFlags flags;
  flags.options.events = 4'000'000;
  flags.add_to(app);
  CLI11_PARSE(app, argc, argv);
  try {
    return compare_all(flags);
  } catch (const weir::FailJob& e) {
    fmt::print(stderr, "nexmark: {}\n", e.what());
    return static_cast<int>(e.code());
  }
}

}  // namespace nexmark
