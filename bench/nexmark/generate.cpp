#include "generate.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <queue>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "generator.hpp"

namespace nexmark {

namespace {

/// Lines to a file, in large pieces.
class Lines {
 public:
  Lines(const Generator& generator, std::FILE* file) : generator_(generator), file_(file) {}

  bool write(std::uint64_t n) {
    append_json(text_, generator_.event(n, arena_));
    text_ += '\n';
    return text_.size() < kPiece || flush();
  }
  bool flush() {
    const bool good =
        std::fwrite(text_.data(), 1, text_.size(), file_) == text_.size() && std::fflush(file_) == 0;
    text_.clear();
    arena_.clear();
    return good;
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;
  const Generator& generator_;
  std::FILE* file_;
  weir::Arena arena_;
  std::string text_;
};

/// Calls `visit(n)` for each event in the order of their coming, when each comes up to `disorder` ms later than it happened. Stops when
/// that gives false.
template <class Visit>
bool in_order_of_coming(std::uint64_t events, std::uint64_t seed, std::uint64_t disorder,
                        const EventClock& clock, Visit visit) {
  using Coming = std::pair<std::int64_t, std::uint64_t>;  // moment, event
  std::priority_queue<Coming, std::vector<Coming>, std::greater<>> waiting;
  const std::uint64_t delays = mix(seed ^ 0x6F6F6F);
  const auto let_pass = [&](std::int64_t until) {
    for (; !waiting.empty() && waiting.top().first <= until; waiting.pop())
      if (!visit(waiting.top().second)) return false;
    return true;
  };
  for (std::uint64_t n = 0; n < events; ++n) {
    const std::int64_t happened = clock.at(n).millis;
    if (!let_pass(happened)) return false;
    const std::uint64_t delay = disorder > 0 ? Draws(mix(delays + n)).below(disorder + 1) : 0;
    waiting.emplace(happened + static_cast<std::int64_t>(delay), n);
  }
  return let_pass(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

int generate(int argc, char** argv) {
  CLI::App app("Writes the events of Nexmark as JSON lines");
  std::uint64_t events = 0, seed = 42, disorder = 0;
  std::int64_t rate = EventClock::kDefaultRate, base = EventClock::kDefaultBase;
  std::string path;
  app.add_option("--events", events, "how many")->required();
  app.add_option("--rate", rate, "events a second of event time")->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--seed", seed, "other seeds, other events");
  app.add_option("--base", base, "when the first event happens, milliseconds since 1970");
  app.add_option("--disorder", disorder, "how many milliseconds later than it happened an event may come")
      ->check(CLI::Range(0, 86'400'000));
  app.add_option("-o,--output", path, "file; standard output if there is none");
  CLI11_PARSE(app, argc, argv);

  std::FILE* file = path.empty() ? stdout : std::fopen(path.c_str(), "wb");
  if (!file) {
    fmt::print(stderr, "cannot write {}: {}\n", path, std::strerror(errno));
    return 1;
  }
  const Generator generator(seed, EventClock(base, rate));
  Lines lines(generator, file);
  const bool good = in_order_of_coming(events, seed, disorder, generator.clock(),
                                       [&](std::uint64_t n) { return lines.write(n); }) &&
                    lines.flush();
  if (!good)
    fmt::print(stderr, "cannot write {}: {}\n", path.empty() ? "the output" : path, std::strerror(errno));
  if (file != stdout && std::fclose(file) != 0) return 1;
  return good ? 0 : 1;
}

}  // namespace nexmark
