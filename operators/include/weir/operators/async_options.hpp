#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>

namespace weir {

/// How often a request that failed is made again, and how long to wait before: first_delay() after the first failure, then
/// factor() times as long after each further one, never longer than max_delay(). Chance shortens each wait by up to the share
/// jitter(), so that requests which failed together do not come back together.
class Retries {
 public:
  /// Requests for a row in all, the first one included; 1: none is repeated.
  explicit Retries(std::uint32_t attempts);
  /// 0 ms and up; 100 ms by default.
  Retries first_delay(Duration delay) const;
  /// 1 and up; 2 by default.
  Retries factor(double factor) const;
  /// 30 s by default.
  Retries max_delay(Duration delay) const;
  /// 0 to 1; 0.5 by default.
  Retries jitter(double share) const;

  std::uint32_t attempts() const { return attempts_; }
  /// The wait after `failures` failures, 1 and up. `random`: 64 random bits.
  Duration delay(std::uint32_t failures, std::uint64_t random) const;

 private:
  std::uint32_t attempts_;
  Duration first_delay_{100};
  Duration max_delay_{30'000};
  double factor_ = 2;
  double jitter_ = 0.5;
};

inline Retries retries(std::uint32_t attempts) { return Retries(attempts); }

/// Why there is no result for a row.
struct AsyncFailure {
  std::string_view reason;     ///< for people; of the last attempt
  std::uint32_t attempts = 0;  ///< requests made
  bool timed_out = false;
};

/// A row that has no result, for the side output of AsyncOptions::failed_rows().
template <class Row>
struct FailedRow {
  Row row;
  std::string_view reason;
  std::uint32_t attempts;
  bool timed_out;
  BOOST_DESCRIBE_CLASS(FailedRow, (), (row, reason, attempts, timed_out), (), ())
};

/// Policies for rows that have no result.
struct FailTheJob {};
struct KeepFailedRows {};

/// What AsyncOptions say, but for what becomes of failed rows.
struct AsyncSettings {
  bool ordered = true;
  std::size_t capacity = 100;
  Duration timeout{60'000};
  std::optional<Duration> attempt_timeout;
  Retries retries{1};

  /// Throws FailJob(kUsage).
  void check() const;
};

/// What LookupOptions say of the cache.
struct LookupSettings {
  std::size_t cache_entries = 10'000;
  Duration ttl{60'000};
  std::optional<Duration> missing_ttl;

  /// Throws FailJob(kUsage).
  void check() const;
};

/// How Stream::async() goes about its requests. A value: each call gives a changed copy.
///
///     weir::async_options().unordered().capacity(200).timeout(5s).retry(weir::retries(4).first_delay(50ms))
template <class OnFailure = FailTheJob>
class AsyncOptions {
 public:
  AsyncOptions() = default;
  AsyncOptions(AsyncSettings settings, OnFailure on_failure)
      : settings_(settings), on_failure_(std::move(on_failure)) {}

  /// Results leave in the order of their rows. The default.
  AsyncOptions ordered() const {
    return with([](AsyncSettings& s) { s.ordered = true; });
  }
  /// Results leave as they come; none overtakes a watermark.
  AsyncOptions unordered() const {
    return with([](AsyncSettings& s) { s.ordered = false; });
  }
  /// Rows of a worker that have been asked for and have not left; 100 by default.
  AsyncOptions capacity(std::size_t rows) const {
    return with([&](AsyncSettings& s) { s.capacity = rows; });
  }
  /// How long a row may take, from its first request, retries and waits included; 60 s by default.
  AsyncOptions timeout(Duration timeout) const {
    return with([&](AsyncSettings& s) { s.timeout = timeout; });
  }
  /// How long one request may take before it counts as failed; by default as long as the row may.
  AsyncOptions attempt_timeout(Duration timeout) const {
    return with([&](AsyncSettings& s) { s.attempt_timeout = timeout; });
  }
  /// Without it nothing is repeated.
  AsyncOptions retry(Retries retries) const {
    return with([&](AsyncSettings& s) { s.retries = retries; });
  }

  /// A row that has no result gets one: `make(const Row&, const AsyncFailure&) -> Out`. By default the job fails, and is
  /// restarted as its options say.
  template <class Make>
  AsyncOptions<Make> on_failure(Make make) const {
    return {settings_, std::move(make)};
  }
  /// A row that has no result goes to a side output, the stream's failed().
  AsyncOptions<KeepFailedRows> failed_rows() const { return {settings_, KeepFailedRows{}}; }

  const AsyncSettings& settings() const { return settings_; }
  const OnFailure& failure_policy() const { return on_failure_; }

 private:
  template <class Change>
  AsyncOptions with(Change change) const {
    AsyncOptions copy = *this;
    change(copy.settings_);
    copy.settings_.check();
    return copy;
  }

  AsyncSettings settings_;
  OnFailure on_failure_;
};

inline AsyncOptions<> async_options() { return {}; }

/// How Stream::lookup() keeps what it has learned, and how it asks for the rest.
///
///     weir::lookup_options().cache_entries(50'000).ttl(10min).requests(weir::async_options().timeout(2s))
template <class OnFailure = FailTheJob>
class LookupOptions {
 public:
  LookupOptions() = default;
  LookupOptions(const LookupSettings& settings, AsyncOptions<OnFailure> requests)
      : settings_(settings), requests_(std::move(requests)) {}

  /// Keys each worker remembers, the least recently used forgotten first; 10,000 by default; 0: none.
  LookupOptions cache_entries(std::size_t keys) const {
    return with([&](LookupSettings& s) { s.cache_entries = keys; });
  }
  /// How long an answer is good for, from its request; 1 min by default.
  LookupOptions ttl(Duration ttl) const {
    return with([&](LookupSettings& s) { s.ttl = ttl; });
  }
  /// The same for the answer that there is no such key; by default as ttl().
  LookupOptions missing_ttl(Duration ttl) const {
    return with([&](LookupSettings& s) { s.missing_ttl = ttl; });
  }
  /// Order, capacity, time-outs, retries, and what becomes of rows whose lookup failed.
  template <class OtherOnFailure>
  LookupOptions<OtherOnFailure> requests(AsyncOptions<OtherOnFailure> requests) const {
    return {settings_, std::move(requests)};
  }

  const LookupSettings& settings() const { return settings_; }
  const AsyncOptions<OnFailure>& async() const { return requests_; }

 private:
  template <class Change>
  LookupOptions with(Change change) const {
    LookupOptions copy = *this;
    change(copy.settings_);
    copy.settings_.check();
    return copy;
  }

  LookupSettings settings_;
  AsyncOptions<OnFailure> requests_;
};

inline LookupOptions<> lookup_options() { return {}; }

namespace detail {

/// What a stream's failed() gives.
template <class OnFailure, class Row>
using AsyncFailed = std::conditional_t<std::is_same_v<OnFailure, KeepFailedRows>, FailedRow<Row>, Nothing>;

}  // namespace detail

}  // namespace weir
