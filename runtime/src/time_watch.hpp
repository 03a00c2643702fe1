#pragma once

#include <functional>
#include <string>
#include <vector>

#include "patience.hpp"
#include "source_task.hpp"

namespace weir {

/// Where lines for people go.
using LogLine = std::function<void(const std::string& line)>;

/// Watches how the partitions of one source stand in time. Says which of them holds event time back while rows of others come, and
/// which is paused for long because it is ahead. Looked at by one thread.
class TimeWatch {
 public:
  struct Source {
    std::string name;
    const std::vector<std::string>* partitions;
    const SourceBoard* board;
    std::function<std::uint64_t()> records;  ///< read of it so far
  };
  /// What `source` refers to outlives this.
  TimeWatch(Source source, Environment::Instant patience, LogLine log);

  void look(Environment::Instant now);

 private:
  void look_at_time(Environment::Instant now);
  void look_at_pauses(Environment::Instant now);
  void begin_hold(std::int64_t watermark);
  /// The partition that is furthest behind among those that count.
  std::optional<std::uint32_t> slowest() const;
  std::string text_of_hold(std::uint32_t slowest, Environment::Instant lasted) const;

  const Source source_;
  const LogLine log_;
  Patience hold_;
  std::int64_t watermark_ = EventTime::min().millis;
  std::uint64_t records_then_ = 0;            ///< when the watermark moved last
  std::vector<std::int64_t> positions_then_;  ///< the same
  std::vector<Patience> pauses_;
};

}  // namespace weir
