#include "task_watch.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "time_text.hpp"

namespace weir {

TaskWatch::TaskWatch(std::vector<const Task*> tasks, Environment::Instant patience, LogLine log)
    : log_(std::move(log)) {
  for (const Task* task : tasks) watched_.push_back({task, Patience(patience)});
}

void TaskWatch::look(Watched& watched) {
  const TaskPlace& place = watched.task->place();
  const std::uint64_t steps = place.steps.load(std::memory_order_relaxed);
  const std::uint64_t moved = place.moved.load(std::memory_order_relaxed);
  const bool in_step = place.in_step.load(std::memory_order_relaxed);
  watched.waits = place.waits.load(std::memory_order_relaxed);
  const bool blocks = in_step && steps == watched.steps;
  if (blocks) watched.waits = Waits::kNot;
  watched.stands = blocks || (watched.waits != Waits::kNot && moved == watched.moved);
  watched.steps = steps;
  watched.moved = moved;
}

void TaskWatch::look(Environment::Instant now) {
  for (Watched& watched : watched_) look(watched);
  // Who waits for room waits for one of the others: these are worth a line.
  const bool cause_known = std::any_of(watched_.begin(), watched_.end(), [](const Watched& w) {
    return w.stands && w.waits != Waits::kForRoom;
  });
  for (Watched& watched : watched_) {
    const bool told = watched.stands && !(cause_known && watched.waits == Waits::kForRoom);
    const Patience::Word word = watched.patience.look(told, now);
    if (word == Patience::Word::kLasts) log_(text_of(watched, now - watched.patience.since()));
    else if (word == Patience::Word::kOver && !watched.stands)
      log_(fmt::format("'{}' (worker {}) goes on after {}", watched.task->vertex(), watched.task->worker(),
                       weir::text_of(now - watched.patience.since())));
  }
}

std::string TaskWatch::text_of(const Watched& watched, Environment::Instant lasted) {
  const std::string who = fmt::format("'{}' (worker {})", watched.task->vertex(), watched.task->worker());
  const std::string time = weir::text_of(lasted);
  switch (watched.waits) {
    case Waits::kNot:
      return fmt::format(
          "{} has not come back for {}: a function of the pipeline blocks the worker, and with it all that "
          "runs there; "
          "ask the outside by async()",
          who, time);
    case Waits::kForRoom:
      return fmt::format("{} has found no room for what it sends on for {}: what follows takes no rows", who,
                         time);
    case Waits::kForMemory:
      return fmt::format(
          "{} has waited for memory for {}: its state must be written first; look at the disk, or give "
          "--memory more",
          who, time);
    case Waits::kForAnswers:
      return fmt::format("{} has taken no rows for {}: it holds as many as it may, and none is answered", who,
                         time);
    case Waits::kForTheSink:
      return fmt::format(
          "sink {} has taken no rows for {}: look at the broker or the disk that it writes to; all that "
          "flows there "
          "waits",
          who, time);
    case Waits::kForTheFlush:
      return fmt::format(
          "sink {} has not finished writing an epoch for {}: look at the broker or the disk that it writes "
          "to; until then "
          "nothing is committed",
          who, time);
  }
  return who;
}

}  // namespace weir
