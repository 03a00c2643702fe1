#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "commands.hpp"
#include "nearest.hpp"
#include "quantity.hpp"
#include "saved_place.hpp"

namespace weir {

namespace {

constexpr std::uint64_t kLargestShown = 10;

struct Total {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};
using StateName = std::pair<std::string, std::string>;

/// Entries and bytes of each state, those without any too.
std::map<StateName, Total> totals(const SavedState& state, const SavedStateFilter& filter) {
  std::map<StateName, Total> all;
  for (const StateSchemaEntry& entry : state.manifest().schemas)
    if ((filter.operator_name.empty() || filter.operator_name == entry.operator_name) &&
        (filter.state_name.empty() || filter.state_name == entry.state.name))
      all[{entry.operator_name, entry.state.name}];
  state.for_each(filter, [&](const SavedEntry& entry) {
    Total& total = all[{entry.state->operator_name, entry.state->state.name}];
    ++total.entries;
    total.bytes += entry.bytes;
    return true;
  });
  return all;
}

/// An answer about a state that is not there would be silence.
void refuse_unknown(const SavedState& state, const StateQuestion& question, const SavedStateFilter& filter) {
  if (question.of.empty()) return;
  std::vector<std::string> known;
  for (const StateSchemaEntry& entry : state.manifest().schemas) {
    if (filter.operator_name == entry.operator_name &&
        (filter.state_name.empty() || filter.state_name == entry.state.name))
      return;
    known.push_back(filter.state_name.empty() ? entry.operator_name
                                              : entry.operator_name + "/" + entry.state.name);
  }
  known.erase(std::unique(known.begin(), known.end()), known.end());
  throw FailJob(fmt::format("--of: there is no state '{}'{}", question.of, suggestion(question.of, known)),
                ExitCode::kUsage);
}

int list(const SavedState& state, const SavedStateFilter& filter, std::ostream& out) {
  const auto all = totals(state, filter);
  for (const StateSchemaEntry& entry : state.manifest().schemas) {
    const auto found = all.find({entry.operator_name, entry.state.name});
    if (found == all.end()) continue;
    out << fmt::format("{}/{}  {} entries, {} bytes\n    {} -> {}\n", entry.operator_name, entry.state.name,
                       with_thousands(found->second.entries), with_thousands(found->second.bytes),
                       entry.state.key_type, entry.state.value_type);
  }
  return static_cast<int>(ExitCode::kDone);
}

int count(const SavedState& state, const SavedStateFilter& filter, std::ostream& out) {
  for (const auto& [name, total] : totals(state, filter))
    out << fmt::format("{}/{} {}\n", name.first, name.second, total.entries);
  return static_cast<int>(ExitCode::kDone);
}

int dump(const SavedState& state, const SavedStateFilter& filter, std::uint64_t limit, std::ostream& out) {
  std::uint64_t shown = 0;
  state.for_each(filter, [&](const SavedEntry& entry) {
    out << json_line(entry) << '\n';
    return ++shown != limit;
  });
  if (shown == 0 && filter.key) throw FailJob(fmt::format("no entry has the key '{}'", *filter.key));
  return static_cast<int>(ExitCode::kDone);
}

/// The keys that take the most room, with all their entries of a state taken together.
int top(const SavedState& state, const SavedStateFilter& filter, std::uint64_t limit, std::ostream& out) {
  const std::size_t most = limit == 0 ? kLargestShown : limit;
  using Key = std::pair<std::uint64_t, std::string>;  // bytes, and who takes them
  std::vector<Key> largest;                           // a heap whose top is its smallest
  const auto offer = [&](Key key) {
    largest.push_back(std::move(key));
    std::push_heap(largest.begin(), largest.end(), std::greater<>());
    if (largest.size() <= most) return;
    std::pop_heap(largest.begin(), largest.end(), std::greater<>());
    largest.pop_back();
  };
  // All entries of a key lie in one group, those of one state and namespace side by side.
  for (std::uint32_t group = 0; group < state.manifest().max_parallelism; ++group) {
    std::map<std::string, std::uint64_t> keys;
    state.for_each_in(static_cast<KeyGroup>(group), filter, [&](const SavedEntry& entry) {
      keys[fmt::format("{}/{} {}", entry.state->operator_name, entry.state->state.name, entry.key)] +=
          entry.bytes;
      return true;
    });
    for (auto& [text, bytes] : keys) offer({bytes, text});
  }
  std::sort_heap(largest.begin(), largest.end(), std::greater<>());
  for (const Key& key : largest) out << fmt::format("{:>12} {}\n", key.first, key.second);
  return static_cast<int>(ExitCode::kDone);
}

/// The states, or operators with all their states, that take the most room.
int top_totals(const SavedState& state, const SavedStateFilter& filter, const StateQuestion& question,
               std::ostream& out) {
  std::map<std::string, Total> sums;
  for (const auto& [name, total] : totals(state, filter)) {
    Total& sum = sums[question.by == "operator" ? name.first : fmt::format("{}/{}", name.first, name.second)];
    sum.entries += total.entries;
    sum.bytes += total.bytes;
  }
  std::vector<std::pair<std::string, Total>> largest(sums.begin(), sums.end());
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  largest.resize(std::min<std::size_t>(largest.size(), question.limit == 0 ? kLargestShown : question.limit));
  for (const auto& [name, total] : largest)
    out << fmt::format("{:>12} {}, {} entries\n", total.bytes, name, total.entries);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

int command_state(const StateQuestion& question, const Configuration& configuration, const Terminal& terminal,
                  const Program& program) {
  const std::string action = question.words.empty() ? "ls" : question.words[0];
  const bool known =
      action == "ls" || action == "count" || action == "dump" || action == "get" || action == "top";
  if (!known || question.words.size() > 1)
    throw FailJob(fmt::format("state: '{}' is not ls, count, dump, get or top", question.words.back()),
                  ExitCode::kUsage);
  if (action == "get" && question.key.empty())
    throw FailJob("state get: which key? give it with --key", ExitCode::kUsage);
  if (question.by != "key" && question.by != "state" && question.by != "operator")
    throw FailJob(fmt::format("--by: '{}' is not key, state or operator", question.by), ExitCode::kUsage);
  // Once it is opened, all files are at hand, whatever a job that runs does with its own.
  std::optional<OpenedState> opened;
  with_newest(configuration, program, place_of(configuration, question),
              [&](SavedPlace& place) { opened.emplace(configuration, program, place); });
  const SavedState& state = opened->state();
  const SavedStateFilter filter = filter_of(question);
  refuse_unknown(state, question, filter);
  if (action == "count") return count(state, filter, terminal.out);
  if (action == "top" && question.by == "key") return top(state, filter, question.limit, terminal.out);
  if (action == "top") return top_totals(state, filter, question, terminal.out);
  if (action == "ls") return list(state, filter, terminal.out);
  return dump(state, filter, question.limit, terminal.out);
}

}  // namespace weir
