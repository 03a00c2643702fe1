#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"

namespace nexmark {

/// The splitmix64 finalizer (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// A sequence of numbers, for one event or table.
class Draws {
 public:
  explicit constexpr Draws(std::uint64_t state) : state_(state) {}
  /// Less than `bound`, which is at most 2^32.
  constexpr std::uint64_t below(std::uint64_t bound) {
    state_ += kStep;
    return ((mix(state_) >> 32) * bound) >> 32;
  }
  /// below(bound) if `drawn`, else 0 and nothing is drawn. Without a branch, which half of the time would be guessed wrong.
  constexpr std::uint64_t below_if(bool drawn, std::uint64_t bound) {
    const std::uint64_t mask = -std::uint64_t{drawn};
    state_ += kStep & mask;
    return (((mix(state_) >> 32) * bound) >> 32) & mask;
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15u;
  std::uint64_t state_;
};

/// The text that events of one seed are made of. Lives as long as the process, so that rows may point into it.
struct Texts {
  struct Channel {
    std::string_view name;
    std::string_view url;
  };
  /// Half of all bids come through one of so many channels, which are the first.
  static constexpr std::size_t kPopularChannels = 4;

  std::string pool;  ///< random letters, of which other texts are parts
  std::vector<Channel> channels;

  /// Made when first asked for. Any thread.
  static const Texts& of(std::uint64_t seed);

 private:
  explicit Texts(std::uint64_t seed);
  std::string_view keep(std::string text);
  std::vector<std::string> kept_;
};

/// How event time goes on: event n happens at base + n seconds / rate.
struct EventClock {
  static constexpr std::int64_t kDefaultBase = 1'436'918'400'000;  // 2015-07-15T00:00:00Z
  static constexpr std::int64_t kDefaultRate = 100'000;

  explicit EventClock(std::int64_t base_millis = kDefaultBase, std::int64_t events_per_second = kDefaultRate)
      : base(base_millis),
        rate(static_cast<std::uint64_t>(events_per_second)),
        reciprocal(~std::uint64_t{0} / rate) {}

  weir::EventTime at(std::uint64_t n) const {
    // n * 1000 / rate, without a division: the product is too small by one at most.
    const std::uint64_t thousands = n * 1000;
    auto quotient =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(thousands) * reciprocal) >> 64);
    if (thousands - quotient * rate >= rate) ++quotient;
    return {base + static_cast<std::int64_t>(quotient)};
  }

  /// The first event that happens at `time` or later.
  std::uint64_t first_at(weir::EventTime time) const {
    if (time.millis <= base) return 0;
    const auto thousands = static_cast<unsigned __int128>(time.millis - base) * rate;
    return static_cast<std::uint64_t>((thousands + 999) / 1000);
  }

  std::int64_t base;
  std::uint64_t rate;
  std::uint64_t reciprocal;
};

/// How many take part at once: what a query keeps for those that are not done yet grows with it.
struct Crowd {
  std::uint64_t people = 1000;
  std::uint64_t auctions = 100;

  Crowd times(std::uint64_t factor) const { return {people * factor, auctions * factor}; }
};

/// Makes events by the rules of Nexmark's generator: one person, three auctions, 46 bids, and so on; popular auctions, sellers and
/// bidders get most of what happens. Event n follows from (seed, clock, crowd, n) alone.
class Generator {
 public:
  Generator(std::uint64_t seed, EventClock clock, Crowd crowd = {});

  Event event(std::uint64_t n, weir::Arena& arena) const;
  const EventClock& clock() const { return clock_; }

 private:
  void make_person(Event& event, std::uint64_t n, Draws& draws, weir::Arena& arena) const;
  void make_auction(Event& event, std::uint64_t n, Draws& draws) const;
  void make_bid(Event& event, std::uint64_t n, Draws& draws) const;
  std::string_view letters(Draws& draws, std::uint64_t size) const;
  /// Fills a record of `size` characters up to about `average`.
  std::string_view filling(Draws& draws, std::uint64_t size, std::uint64_t average) const;

  std::uint64_t seed_;
  EventClock clock_;
  Crowd crowd_;
  const Texts* texts_;
};

/// For generated_by(): rows of `generator:` addresses, whose seed is known only when the job runs.
struct GeneratedEvents {
  EventClock clock;
  Crowd crowd = {};
  Event operator()(std::uint64_t n, std::uint64_t seed, weir::Arena& arena) const;
};

/// The event as a line of JSON without the line end, as nexmark-flink writes it.
void append_json(std::string& out, const Event& event);

}  // namespace nexmark
