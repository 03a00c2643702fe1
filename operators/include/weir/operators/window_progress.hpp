#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/key_group.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// How far a window operator has come: what it keeps besides its panes' entries, in manifests.
///
/// Progress belongs to key groups. As long as a worker keeps its groups it is the same for all of them; after a restore into other
/// workers it may differ, where a worker's watermark was ahead of another's. Then the operator goes on from the least, and remembers
/// which groups are ahead, so that no window of theirs fires twice.
///
/// Form, little-endian: `bytes of geometry (4) · geometry · parts (4) · parts × {first key group (4) · end of key groups (4) ·
/// watermark (8) · round (4)} · sequence (8) · due (8) · directory of panes`.
class WindowProgress {
 public:
  /// `geometry`: of the windows, for people (WindowPlan::geometry()). State is of use only where it is the same.
  WindowProgress(KeyGroupRange groups, std::uint32_t max_parallelism, std::string geometry)
      : groups_(groups), max_parallelism_(max_parallelism), geometry_(std::move(geometry)) {}

  /// Takes over what concerns these key groups. Returns the pane directories. Throws FailJob(kStateUnusable), also where the
  /// windows had another geometry. `end`: OperatorContext::restored_end.
  std::vector<std::string> restore(const std::vector<std::string>& parts, EventTime end = EventTime::min());
  std::string encode(const std::string& directory) const;

  /// Every window that ends before this has fired, for all key groups.
  EventTime watermark() const { return watermark_; }
  void advance(EventTime watermark) { watermark_ = std::max(watermark_, watermark); }
  /// What the watermark has caught up with is ahead no more. Once all that is ripe has fired.
  void settle();

  /// True where some groups are ahead.
  bool uneven() const { return !ahead_.empty(); }
  /// How far the group of a key is.
  EventTime watermark_of(std::uint64_t hash) const { return std::max(watermark_, ahead_of(hash)); }
  /// Whether a window with this last moment fired for the key before the restore.
  bool fired_before(std::uint64_t hash, EventTime last) const {
    return !ahead_.empty() && ahead_of(hash) >= last;
  }

  /// Number of the current span between two early firings; entries carry the number of the span that changed them last.
  std::uint32_t round = 1;
  /// Of rows, for aggregates that ask for the order in which they came.
  std::uint64_t sequence = 0;
  /// The next early firing by processing time.
  EventTime due = EventTime::max();

  /// Where restored parts were in different rounds: that of the part a key belongs to. Empty otherwise.
  bool rounds_differ() const { return !rounds_.empty(); }
  std::uint32_t restored_round_of(std::uint64_t hash) const;
  void rounds_are_one() { rounds_.clear(); }

 private:
  struct Part {
    KeyGroupRange groups;
    EventTime watermark;
    std::uint32_t round;
  };
  void take_over(const std::vector<Part>& parts);
  EventTime ahead_of(std::uint64_t hash) const;

  KeyGroupRange groups_;
  std::uint32_t max_parallelism_;
  std::string geometry_;
  EventTime watermark_ = EventTime::min();
  std::vector<Part> ahead_;
  std::vector<Part> rounds_;
};

}  // namespace weir
