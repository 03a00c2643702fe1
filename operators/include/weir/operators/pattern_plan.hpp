#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/time.hpp>

namespace weir {

/// What may lie between a row of a pattern and the one before it.
enum class Contiguity : std::uint8_t {
  kStrict,   ///< nothing
  kRelaxed,  ///< rows that do not fit
  kAny,      ///< any rows, also such that would have fitted
};

/// What a match leaves of the partial matches of its key, and of other matches. A match waits while there are partial matches that began
/// before it, except with kNoSkip.
struct SkipStrategy {
  enum class Kind : std::uint8_t { kNoSkip, kToNext, kPastLast, kToFirst, kToLast };
  Kind kind = Kind::kNoSkip;
  std::string element;  ///< of kToFirst, kToLast
};
/// Every possible match is reported; the default.
inline SkipStrategy no_skip() { return {}; }
/// Drops what began with the same row.
inline SkipStrategy skip_to_next() { return {SkipStrategy::Kind::kToNext, {}}; }
/// Drops what began before the match ended: matches share no rows.
inline SkipStrategy skip_past_last() { return {SkipStrategy::Kind::kPastLast, {}}; }
/// Drops what began before the match's first row of `element`; nothing where it has none.
inline SkipStrategy skip_to_first(std::string element) {
  return {SkipStrategy::Kind::kToFirst, std::move(element)};
}
/// Drops what began before the match's last row of `element`; nothing where it has none.
inline SkipStrategy skip_to_last(std::string element) {
  return {SkipStrategy::Kind::kToLast, std::move(element)};
}

/// One element of a pattern, without its conditions.
struct PatternElement {
  static constexpr std::uint32_t kUnbounded = 0xffffffff;

  std::string name;
  Contiguity link = Contiguity::kRelaxed;  ///< to the row before it
  bool negative =
      false;  ///< no such row: kStrict: the next one is not; kRelaxed: none is until the next element
  std::uint32_t min = 1;
  std::uint32_t max = 1;
  bool optional = false;
  bool greedy = false;
  bool has_until = false;
  Contiguity inner = Contiguity::kRelaxed;  ///< between rows of the element
};

/// How a pattern is matched: which elements may follow which. An automaton whose states are elements and counts, as data.
class PatternPlan {
 public:
  /// A way for a partial match to take its next row.
  struct Option {
    std::uint32_t target;  ///< element
    Contiguity link;
    std::optional<std::uint32_t> guard;  ///< a negative element in between
    std::uint32_t blockers =
        0;  ///< options, as bits, of greedy elements: a row that these take, this one must not pass over
    bool loop = false;
  };
  /// Options are told by bits; the last bit is the end of the pattern where that depends on rows to come.
  static constexpr std::uint32_t kOptionsMost = 31;
  static constexpr std::uint32_t kEnd = 1u << 31;

  /// Throws FailJob(kUsage) that says what is wrong with a pattern.
  PatternPlan(std::vector<PatternElement> elements, std::optional<Duration> within, SkipStrategy skip);

  const std::vector<PatternElement>& elements() const { return elements_; }
  const PatternElement& element(std::uint32_t i) const { return elements_[i]; }
  std::optional<Duration> within() const { return within_; }
  const SkipStrategy& skip() const { return skip_; }
  /// Options of a partial match whose last row is of element `i`.
  const std::vector<Option>& options(std::uint32_t i) const { return options_[i]; }
  /// Ways to begin a match.
  const std::vector<Option>& starts() const { return starts_; }
  /// The negative element that ends the pattern.
  std::optional<std::uint32_t> last_guard() const { return last_guard_; }

  /// Bits of the options that `count` rows of element `i` leave, kEnd included.
  std::uint32_t open_options(std::uint32_t i, std::uint32_t count) const;
  /// Whether a match may end with `count` rows of element `i`; with last_guard() only once time has run out.
  bool may_end(std::uint32_t i, std::uint32_t count) const {
    return can_end_[i] && count >= elements_[i].min;
  }
  /// All that decides what partial matches mean, for people and for the check of a restore.
  std::string description() const;

 private:
  void check() const;
  /// Appends what may follow element `i` (or begin, for none). True when the end may.
  bool follow(std::size_t next, std::vector<Option>& options, std::uint32_t blockers) const;

  std::vector<PatternElement> elements_;
  std::optional<Duration> within_;
  SkipStrategy skip_;
  std::vector<std::vector<Option>> options_;
  std::vector<Option> starts_;
  std::vector<bool> can_end_;
  std::optional<std::uint32_t> last_guard_;
};

}  // namespace weir
