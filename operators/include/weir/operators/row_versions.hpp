#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/owned.hpp>

namespace weir::detail {

/// The versions of a key's row by the time from which they hold, of equal times the last that came. A value in state.
template <class Row>
class RowVersions {
 public:
  struct Version {
    EventTime from;
    bool deleted;
    Owned<Row> row;
  };

  /// Forgets what no row after `watermark` is joined with: of the versions up to there all but the last, and that, too, where it says
  /// that the row is deleted.
  void forget(EventTime watermark) {
    auto base = upper_bound(watermark);
    if (base == versions_.begin()) return;
    if (!std::prev(base)->deleted) --base;
    versions_.erase(versions_.begin(), base);
  }
  /// False: the row is older than one that holds after `watermark`. Call forget() before.
  bool put(const Row& row, EventTime from, bool deleted, EventTime watermark) {
    const auto later = upper_bound(from);
    if (from <= watermark && later != versions_.end() && later->from <= watermark) return false;
    if (later != versions_.begin() && std::prev(later)->from == from) {
      std::prev(later)->deleted = deleted;
      std::prev(later)->row.set(row);
    } else {
      versions_.insert(later, Version{from, deleted, Owned<Row>(row)});
    }
    return true;
  }
  /// What holds at `time`; null: nothing.
  const Row* at(EventTime time) const {
    for (std::size_t i = versions_.size(); i > 0; --i)
      if (versions_[i - 1].from <= time)
        return versions_[i - 1].deleted ? nullptr : &versions_[i - 1].row.get();
    return nullptr;
  }
  bool empty() const { return versions_.empty(); }
  std::size_t heap_bytes() const {
    std::size_t bytes = versions_.capacity() * sizeof(Version);
    for (const Version& version : versions_) bytes += version.row.heap_bytes();
    return bytes;
  }

 private:
  friend struct StateCodec<RowVersions<Row>>;
  typename std::vector<Version>::iterator upper_bound(EventTime time) {
    return std::upper_bound(versions_.begin(), versions_.end(), time,
                            [](EventTime t, const Version& version) { return t < version.from; });
  }

  std::vector<Version> versions_;
};

}  // namespace weir::detail

namespace weir {

template <class Row>
struct StateCodec<detail::RowVersions<Row>> {
  static void encode(std::string& out, const detail::RowVersions<Row>& versions) {
    detail::append_number(out, static_cast<std::uint32_t>(versions.versions_.size()));
    for (const auto& version : versions.versions_) {
      detail::append_number(out, version.from.millis);
      detail::append_number(out, static_cast<std::uint8_t>(version.deleted));
      StateCodec<Owned<Row>>::encode(out, version.row);
    }
  }
  static detail::RowVersions<Row> decode(StateReader& in) {
    detail::RowVersions<Row> versions;
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      const EventTime from{in.number<std::int64_t>()};
      const bool deleted = in.number<std::uint8_t>() != 0;
      versions.versions_.push_back({from, deleted, StateCodec<Owned<Row>>::decode(in)});
    }
    return versions;
  }
  static std::string type() {
    return "list<{from:event_time,deleted:bool,row:" + StateCodec<Row>::type() + "}>";
  }
};

}  // namespace weir
