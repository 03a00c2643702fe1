// What an attempt tells of itself, to people and those who watch it.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "attempt.hpp"

namespace weir {

std::string Attempt::rows_under_way() const {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> places;
  std::size_t more = 0;
  for (const OpenSource& open : sources_) {
    for (std::uint32_t p = 0; p < open.partitions.size(); ++p) {
      const PartitionPlace& place = open.board->place(p);
      const std::int64_t from = place.oldest_position.load(std::memory_order_relaxed);
      const std::int64_t to = place.position.load(std::memory_order_relaxed);
      if (from == to) continue;
      if (places.size() == kShown) ++more;
      else
        places.push_back(
            fmt::format("{}[{}] offsets {} to {}", open.vertex->name, open.partitions[p], from, to));
    }
  }
  if (more > 0) places.push_back(fmt::format("and of {} more partitions", more));
  return fmt::format("{}", fmt::join(places, ", "));
}

Watch Attempt::watch() const {
  std::vector<TimeWatch::Source> sources;
  for (const OpenSource& open : sources_) {
    const auto records = [progress = &open.progress] {
      std::uint64_t sum = 0;
      for (const SourceProgress& own : *progress) sum += own.records.load(std::memory_order_relaxed);
      return sum;
    };
    sources.push_back({open.vertex->name, &open.partitions, open.board.get(), records});
  }
  return Watch(graph_, std::move(sources), tasks_, patience_of(options_), warning(world_));
}

std::vector<PartitionStatus> Attempt::slowest_partitions(const OpenSource& open) {
  std::vector<PartitionStatus> open_ones;
  for (std::uint32_t p = 0; p < open.partitions.size(); ++p) {
    const PartitionPlace& place = open.board->place(p);
    const Standing standing = place.standing.load(std::memory_order_relaxed);
    if (standing == Standing::kEnded || !place.has_event_time.load(std::memory_order_relaxed)) continue;
    open_ones.push_back({open.partitions[p], EventTime{place.watermark.load(std::memory_order_relaxed)},
                         standing == Standing::kIdle});
  }
  const auto shown = std::min(open_ones.size(), SourceStatus::kPartitionsShown);
  std::partial_sort(
      open_ones.begin(), open_ones.begin() + static_cast<std::ptrdiff_t>(shown), open_ones.end(),
      [](const PartitionStatus& a, const PartitionStatus& b) { return a.watermark < b.watermark; });
  open_ones.resize(shown);
  return open_ones;
}

std::vector<SourceStatus> Attempt::source_status() const {
  std::vector<SourceStatus> all;
  for (const OpenSource& open : sources_) {
    SourceStatus status;
    status.name = open.vertex->name;
    status.partitions = static_cast<std::uint32_t>(open.partitions.size());
    status.paced_since = open.board->paced_since();
    EventTime slowest = EventTime::max();
    double progress = 0;
    std::int64_t lag = 0;
    for (std::uint32_t worker = 0; worker < open.progress.size() && worker < status.partitions; ++worker) {
      const SourceProgress& own = open.progress[worker];
      status.records += own.records.load(std::memory_order_relaxed);
      status.rejected += own.rejected.load(std::memory_order_relaxed);
      slowest = std::min(slowest, EventTime{own.watermark.load(std::memory_order_relaxed)});
      const double share = own.progress.load(std::memory_order_relaxed);
      progress = share < 0 ? share : progress + share;
      const std::int64_t behind = own.lag.load(std::memory_order_relaxed);
      lag = behind < 0 ? behind : lag + behind;
    }
    status.watermark = slowest;
    if (progress >= 0 && status.partitions > 0) status.progress = progress / status.partitions;
    if (lag >= 0) status.lag = lag;
    status.slowest = slowest_partitions(open);
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace weir
