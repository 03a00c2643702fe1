#pragma once

#include <optional>

#include <weir/core/environment.hpp>

namespace weir::kafka {

/// Decides when an outage is spoken of: soon after it has begun, then ever more rarely, and once when it is over.
/// Not thread-safe.
class Outage {
 public:
  enum class Word { kNothing, kSilent, kBack };

  /// `answered_at`: when everything that is asked answered last. `now` never goes back.
  Word note(Environment::Instant answered_at, Environment::Instant now);
  bool is_on() const { return next_.has_value(); }
  /// How long the outage has lasted, or the one that is just over had lasted.
  std::chrono::seconds length() const { return std::chrono::duration_cast<std::chrono::seconds>(length_); }

 private:
  Environment::Instant begun_{};
  Environment::Instant length_{};
  std::optional<Environment::Instant>
      next_;  ///< length at which it is spoken of again; none: there is no outage
};

}  // namespace weir::kafka
