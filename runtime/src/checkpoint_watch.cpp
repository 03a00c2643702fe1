#include "checkpoint_watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "time_text.hpp"

namespace weir {

void CheckpointWatch::look(const std::optional<Coordinator::UnderWay>& under_way, Environment::Instant now) {
  const bool same = under_way && under_way->epoch == epoch_;
  if (!same && patience_.look(false, now) == Patience::Word::kOver)
    log_(fmt::format("checkpoint {} has ended after {}", epoch_, weir::text_of(now - patience_.since())));
  epoch_ = under_way ? under_way->epoch : kNoEpoch;
  if (under_way && patience_.look(true, now) == Patience::Word::kLasts) log_(text_of(*under_way, now));
}

std::string CheckpointWatch::text_of(const Coordinator::UnderWay& under_way, Environment::Instant now) const {
  const std::string begun = weir::text_of(now - under_way.begun);
  if (under_way.writing)
    return fmt::format(
        "checkpoint {} has been under way for {}: all tasks have answered, and it is being written and "
        "committed; look at "
        "the store of checkpoints, and at the broker of the sinks",
        under_way.epoch, begun);
  return fmt::format(
      "checkpoint {} has been under way for {}: it waits for {}; nothing is committed until then",
      under_way.epoch, begun, unanswered(under_way.epoch));
}

std::string CheckpointWatch::unanswered(Epoch epoch) const {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> names;
  std::size_t more = 0;
  for (const Task* task : tasks_) {
    if (task->place().answered.load(std::memory_order_relaxed) >= epoch) continue;
    if (names.size() == kShown) ++more;
    else names.push_back(fmt::format("'{}' (worker {})", task->vertex(), task->worker()));
  }
  if (more > 0) names.push_back(fmt::format("{} more", more));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace weir
