#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>

namespace weir {

template <class Accumulator>
struct Session {
  EventTime start = EventTime::max();
  EventTime end = EventTime::min();
  [[no_unique_address]] Accumulator accumulator{};
  bool fired = false;  ///< and not changed since

  Window window() const { return {start, end}; }
  EventTime last() const { return {end.millis - 1}; }
};

/// The open sessions of a key, an object of a KeyedTable. They do not touch each other, but where a longest length keeps them apart. The latest one,
/// which most rows belong to, lies in the object itself.
template <class Accumulator>
class KeySessions {
 public:
  using SessionType = Session<Accumulator>;

  /// When the key is to be looked at; see LazyTimers.
  EventTime armed = EventTime::max();

  bool empty() const { return newest_.end == EventTime::min(); }
  std::size_t size() const { return empty() ? 0 : 1 + (earlier_ ? earlier_->size() : 0); }

  /// The last moment of the latest; EventTime::min() where there is none.
  EventTime last() const { return empty() ? EventTime::min() : newest_.last(); }

  /// The session that a row at `time` belongs to, made, moved or merged for it; null, and nothing changed, where that would be a session
  /// of its own for which `expired(last millisecond)` holds. merge(into, other) combines accumulators.
  template <class Expired, class Merge>
  SessionType* join(EventTime time, Duration gap, Duration longest, Expired&& expired, Merge&& merge) {
    if (time >= newest_.start && time <= newest_.end && time < saturating_add(newest_.start, longest))
        [[likely]] {
      extend(newest_, time, gap, longest);
      return &newest_;
    }
    if (empty()) {
      SessionType first;
      first.start = first.end = time;
      extend(first, time, gap, longest);
      if (expired(first.last())) return nullptr;
      newest_ = std::move(first);
      return &newest_;
    }
    return join_slowly(time, gap, longest, expired, merge);
  }

  /// visit(session) for each, earliest first; erases those for which it returns false.
  template <class Visit>
  void keep_if(Visit&& visit) {
    if (earlier_) {
      std::erase_if(*earlier_, [&](SessionType& session) { return !visit(session); });
      if (earlier_->empty()) earlier_.reset();
    }
    if (empty() || visit(newest_)) return;
    newest_ = SessionType{};
    put_all(take_all());
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (earlier_)
      for (const SessionType& session : *earlier_) visit(session);
    if (!empty()) visit(newest_);
  }

  std::size_t heap_bytes() const {
    std::size_t bytes = weir::heap_bytes(newest_.accumulator);
    if (!earlier_) return bytes;
    bytes += sizeof *earlier_ + earlier_->capacity() * sizeof(SessionType);
    if constexpr (!std::is_trivially_copyable_v<Accumulator>)
      for (const SessionType& session : *earlier_) bytes += weir::heap_bytes(session.accumulator);
    return bytes;
  }

 private:
  friend struct StateCodec<KeySessions>;

  static void extend(SessionType& session, EventTime time, Duration gap, Duration longest) {
    const EventTime end = std::min(saturating_add(time, gap), saturating_add(session.start, longest));
    session.end = std::max(session.end, end);
  }

  template <class Expired, class Merge>
  SessionType* join_slowly(EventTime time, Duration gap, Duration longest, Expired& expired, Merge& merge) {
    std::vector<SessionType> all = take_all();
    const auto after = std::upper_bound(all.begin(), all.end(), time,
                                        [](EventTime t, const SessionType& s) { return t < s.start; });
    std::size_t at = static_cast<std::size_t>(after - all.begin());
    SessionType joined;
    bool alone = true;
    if (at > 0 && time <= all[at - 1].end && time < saturating_add(all[at - 1].start, longest)) {
      joined = std::move(all[--at]);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
      alone = false;
    } else {
      joined.start = joined.end = time;
    }
    extend(joined, time, gap, longest);
    while (at < all.size() && all[at].start <= joined.end) {
      if (all[at].end > saturating_add(joined.start, longest)) {
        joined.end = all[at].start;
        break;
      }
      joined.end = std::max(joined.end, all[at].end);
      merge(joined.accumulator, all[at].accumulator);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
      alone = false;
    }
    const bool late = alone && expired(joined.last());
    if (!late) all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), std::move(joined));
    const bool is_newest = at + 1 == all.size();
    put_all(std::move(all));
    if (late) return nullptr;
    return is_newest ? &newest_ : &(*earlier_)[at];
  }

  std::vector<SessionType> take_all() {
    std::vector<SessionType> all;
    if (earlier_) all = std::move(*earlier_);
    if (!empty()) all.push_back(std::move(newest_));
    newest_ = SessionType{};
    earlier_.reset();
    return all;
  }
  void put_all(std::vector<SessionType> all) {
    if (all.empty()) return;
    newest_ = std::move(all.back());
    all.pop_back();
    if (!all.empty()) earlier_ = std::make_unique<std::vector<SessionType>>(std::move(all));
  }

  SessionType newest_;
  std::unique_ptr<std::vector<SessionType>> earlier_;
};

/// As a struct with these fields, so that an accumulator may be converted like any other state.
template <class Accumulator>
struct StateCodec<KeySessions<Accumulator>> {
  using Sessions = KeySessions<Accumulator>;
  static void encode(std::string& out, const Sessions& sessions) {
    StateCodec<EventTime>::encode(out, sessions.armed);
    detail::append_number(out, static_cast<std::uint32_t>(sessions.size()));
    sessions.for_each([&](const Session<Accumulator>& session) {
      StateCodec<EventTime>::encode(out, session.start);
      StateCodec<EventTime>::encode(out, session.end);
      StateCodec<bool>::encode(out, session.fired);
      StateCodec<Accumulator>::encode(out, session.accumulator);
    });
  }
  static Sessions decode(StateReader& in) {
    Sessions sessions;
    sessions.armed = StateCodec<EventTime>::decode(in);
    std::vector<Session<Accumulator>> all(in.number<std::uint32_t>());
    for (auto& session : all) {
      session.start = StateCodec<EventTime>::decode(in);
      session.end = StateCodec<EventTime>::decode(in);
      session.fired = StateCodec<bool>::decode(in);
      session.accumulator = StateCodec<Accumulator>::decode(in);
    }
    sessions.put_all(std::move(all));
    return sessions;
  }
  static std::string type() {
    return "{armed:event_time,sessions:list<{start:event_time,end:event_time,fired:bool,accumulator:" +
           StateCodec<Accumulator>::type() + "}>}";
  }
};

}  // namespace weir
