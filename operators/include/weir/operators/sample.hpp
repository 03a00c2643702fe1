#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include <weir/core/hash.hpp>
#include <weir/operators/stream.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

/// Hashes below this are in the sample. Throws FailJob(kUsage) unless 0 <= fraction <= 1.
std::uint64_t sample_below(double fraction);

/// A row by all it says, and its event time.
template <class Row>
struct WholeRow {
  mutable std::string bytes;  // kept for its memory; each worker has a copy of its own
  std::uint64_t operator()(const Row& row, EventTime time) const {
    bytes.clear();
    StateCodec<Row>::encode(bytes, row);
    return hash_bytes(bytes) ^ hash_u64(static_cast<std::uint64_t>(time.millis));
  }
};

template <class KeyOf>
struct KeyOfRow {
  KeyOf key_of;
  template <class Row>
  std::uint64_t operator()(const Row& row, EventTime) const {
    return hash_key(std::invoke(key_of, row));
  }
};

}  // namespace detail

namespace chain {

template <class Before, class Hash>
struct Sample {
  Before before;
  Hash hash;
  std::uint64_t below;
  std::uint64_t seed;
  bool all;
  template <class Row, class Next>
  void operator()(const Row& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      if (all || detail::hash_u64(hash(in, t) + seed) < below) next(in, t);
    });
  }
};

}  // namespace chain

template <class Row, class From, class Chain>
auto Stream<Row, From, Chain>::sample(double fraction, std::uint64_t seed) const {
  static_assert(
      requires { StateCodec<Row>::type(); },
      "weir: sample() looks at all of a row: describe it with BOOST_DESCRIBE_STRUCT, or say sample_by(key)");
  using Next = chain::Sample<Chain, detail::WholeRow<Row>>;
  return Stream<Row, From, Next>(*builder_, vertex_, port_,
                                 Next{chain_, {}, detail::sample_below(fraction), seed, fraction == 1},
                                 detail::then(description_, "sample"));
}

template <class Row, class From, class Chain>
template <class KeyOf>
auto Stream<Row, From, Chain>::sample_by(KeyOf key_of, double fraction, std::uint64_t seed) const {
  static_assert(std::invocable<const KeyOf&, const Row&>,
                "weir: sample_by() takes a member of this stream's row type, or a function of (const Row&)");
  using Next = chain::Sample<Chain, detail::KeyOfRow<KeyOf>>;
  return Stream<Row, From, Next>(
      *builder_, vertex_, port_,
      Next{chain_, {std::move(key_of)}, detail::sample_below(fraction), seed, fraction == 1},
      detail::then(description_, "sample"));
}

}  // namespace weir
