#pragma once

#include <weir/core/environment.hpp>

namespace weir {

/// Decides when something that lasts is worth a line: after a while, again when as much time has passed, then after twice that, and so
/// on up to an hour between two lines, and once more when it is over. So nobody is flooded, and nothing that lasts is said once
/// and forgotten.
class Patience {
 public:
  /// `first`: how long it is borne with; `between`: from the first line to the second.
  Patience(Environment::Instant first, Environment::Instant between) : first_(first), between_(between) {}
  explicit Patience(Environment::Instant first) : Patience(first, first) {}

  enum class Word {
    kNone,   ///< nothing to say
    kLasts,  ///< it has lasted too long: since()
    kOver,   ///< what a line was written about has ended; it had lasted since since()
  };
  /// `lasts`: whether it is so at this moment. Looks may be far apart; between two that found it so, it was.
  Word look(bool lasts, Environment::Instant now);
  /// When it began.
  Environment::Instant since() const { return since_; }
  /// Whether a line was written about what lasts.
  bool has_spoken() const { return spoken_; }

 private:
  static constexpr Environment::Instant kLongest = std::chrono::hours{1};

  const Environment::Instant first_;
  const Environment::Instant between_;
  bool lasting_ = false;
  bool spoken_ = false;
  Environment::Instant since_{0};
  Environment::Instant interval_{0};
  Environment::Instant next_{0};
};

}  // namespace weir
