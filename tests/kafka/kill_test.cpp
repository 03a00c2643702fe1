#include <sys/wait.h>

#include <csignal>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include <weir/core/kill_point.hpp>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr int kKills = 30;
constexpr int kRows = 20;
constexpr int kDisagreement = 7;

std::string row_text(Epoch epoch, int row) { return fmt::format("row {}:{}", epoch, row); }

std::uint64_t visible_epochs(const std::string& topic) {
  std::map<std::string, int> rows;
  for (const Seen& message : seen_by_librdkafka(topic, "read_committed")) ++rows[*message.value];
  for (const auto& [row, times] : rows)
    if (times != 1) return ~0ull;
  return rows.size() % kRows == 0 ? rows.size() / kRows : ~0ull;
}

// Set in the child before it commits for the last time.
bool armed = false;
int delay_micros = 0;

void die_soon(const char* point) {
  if (!armed || std::string_view(point) != "after_flush_before_commit") return;
  armed = false;
  std::thread([] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{delay_micros};
    while (std::chrono::steady_clock::now() < until) {
    }
    ::kill(::getpid(), SIGKILL);
  }).detach();
}

/// Commits a few epochs and dies within the last commit. First compares what the log says with what is
/// visible.
void live_and_die(const std::string& job, const std::string& topic, int epochs, int delay) {
  Writing writing(job, topic);
  const Epoch last = std::stoull(writing.log.last_record().value_or("0"));
  if (visible_epochs(topic) != last) ::_exit(kDisagreement);
  detail::kill_hook = die_soon;
  for (Epoch epoch = last + 1; epoch <= last + static_cast<Epoch>(epochs); ++epoch) {
    delay_micros = delay;
    armed = epoch == last + static_cast<Epoch>(epochs);
    std::vector<std::string> lines;
    for (int row = 0; row < kRows; ++row) lines.push_back(row_text(epoch, row));
    writing.commit(epoch, lines);
  }
  ::pause();
}

}  // namespace

TEST_CASE("Killed at random moments of its commits, a job's record and visible output never disagree",
          "[kafka]") {
  const auto topic = fresh("killed"), job = fresh("job");
  { Writing make_topics(job, topic); }
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Epoch attempted = 0;
  for (int i = 0; i < kKills; ++i) {
    const int epochs = 1 + static_cast<int>(random() % 3);
    const int delay = static_cast<int>(random() % 3'000) * (i % 4 != 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        live_and_die(job, topic, epochs, delay);
      } catch (const std::exception& failure) {
        fmt::print(stderr, "child: {}\n", failure.what());
      }
      ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kDisagreement)
      FAIL("record and visible output disagree after kill " << i);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    attempted += static_cast<Epoch>(epochs);
  }

  Writing survivor(job, topic);
  const Epoch last = std::stoull(survivor.log.last_record().value_or("0"));
  INFO("epochs committed: " << last << ", attempted: " << attempted);
  CHECK(last <= attempted);
  CHECK(last + kKills >= attempted);
  CHECK(last > 0);

  const std::string output = Broker::tool(fmt::format(
      "org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server {} --topic {} --from-beginning "
      "--isolation-level read_committed --timeout-ms 15000",
      Broker::get().address(), topic));
  std::multiset<std::string> seen;
  for (std::size_t begin = 0, end; (end = output.find('\n', begin)) != output.npos; begin = end + 1)
    if (const std::string line = output.substr(begin, end - begin); line.starts_with("row "))
      seen.insert(line);  // the tool also logs here
  std::multiset<std::string> expected;
  for (Epoch epoch = 1; epoch <= last; ++epoch)
    for (int row = 0; row < kRows; ++row) expected.insert(row_text(epoch, row));
  CHECK(seen.size() == expected.size());
  CHECK((seen == expected));  // in brackets: nobody wants to read hundreds of rows
  fmt::print("{} kills: {} of the commits they fell into were done, {} undone\n", kKills,
             kKills - static_cast<int>(attempted - last), attempted - last);
}
