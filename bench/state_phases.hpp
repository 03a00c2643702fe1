#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/state/codec.hpp>

#include "cpu_seconds.hpp"

namespace weir::bench {

/// What is kept of a key: with the key, the hash and a count about a hundred bytes.
struct Kept {
  std::uint64_t updates = 0;
  std::array<std::uint64_t, 10> more{};
  void update(std::uint64_t n) {
    if (updates++ == 0)  // nothing that compresses
      for (std::size_t i = 0; i < more.size(); ++i) more[i] = detail::hash_u64(n * more.size() + i);
    more[n % more.size()] += n;
  }
};

/// The keys of all updates: first each once, then parts by Zipf's law and parts that are uniform. Of each kind the first part only warms up.
struct UpdateKeys {
  enum Part : std::size_t { kLoad, kZipfWarmUp, kZipf, kUniformWarmUp, kUniform, kParts };
  std::vector<std::uint32_t> ranks;
  std::array<std::size_t, kParts> ends{};

  /// By Zipf's law with exponent 1, of the continuous kind: the k-th of N keys has the share ln(1 + 1/k) / ln(N + 1).
  UpdateKeys(std::uint32_t keys, std::size_t zipf, std::size_t uniform) {
    ranks.reserve(keys + zipf + uniform);
    for (std::uint32_t k = 0; k < keys; ++k) ranks.push_back(k);
    ends[kLoad] = ranks.size();
    const double logarithm = std::log(static_cast<double>(keys) + 1);
    for (std::size_t n = 0; n < zipf; ++n)
      ranks.push_back(static_cast<std::uint32_t>(std::exp(random(n) * logarithm)) - 1);
    ends[kZipfWarmUp] = ends[kLoad] + zipf / 2;
    ends[kZipf] = ranks.size();
    for (std::size_t n = 0; n < uniform; ++n)
      ranks.push_back(static_cast<std::uint32_t>(random(zipf + n) * keys));
    ends[kUniformWarmUp] = ends[kZipf] + uniform / 2;
    ends[kUniform] = ranks.size();
  }
  /// Spread, so that frequent keys are no neighbours.
  std::uint64_t key(std::size_t n) const { return detail::hash_u64(ranks[n]); }

 private:
  static double random(std::uint64_t n) {
    return static_cast<double>(detail::hash_u64(n + 0x5eed) >> 11) * 0x1p-53;
  }
};

/// When each part ended, by the wall clock and by the CPU time of the process with all its threads.
class PartTimes {
 public:
  explicit PartTimes(const UpdateKeys& keys) : keys_(keys) { note(); }
  /// Call when n updates are done; cheap unless a part has just ended.
  void done(std::size_t n) {
    while (next_ < UpdateKeys::kParts && n >= keys_.ends[next_]) {
      ++next_;
      note();
    }
  }
  struct Cost {
    double updates_a_second = 0;
    double cpu_ns = 0;
  };
  Cost of(UpdateKeys::Part part) const {
    const auto updates =
        static_cast<double>(keys_.ends[part] - (part == 0 ? 0 : keys_.ends[part - std::size_t{1}]));
    const auto &begin = marks_.at(part), &end = marks_.at(part + std::size_t{1});
    const double wall = std::chrono::duration<double>(end.wall - begin.wall).count();
    return {updates / wall, (end.cpu - begin.cpu) * 1e9 / updates};
  }

 private:
  struct Mark {
    std::chrono::steady_clock::time_point wall;
    double cpu;
  };
  void note() { marks_.push_back({std::chrono::steady_clock::now(), cpu_seconds()}); }

  const UpdateKeys& keys_;
  std::size_t next_ = 0;
  std::vector<Mark> marks_;
};

}  // namespace weir::bench

template <>
struct weir::StateCodec<weir::bench::Kept> {
  static void encode(std::string& out, const bench::Kept& kept) {
    detail::append_number(out, kept.updates);
    for (const std::uint64_t more : kept.more) detail::append_number(out, more);
  }
  static bench::Kept decode(StateReader& in) {
    bench::Kept kept;
    kept.updates = in.number<std::uint64_t>();
    for (std::uint64_t& more : kept.more) more = in.number<std::uint64_t>();
    return kept;
  }
  static std::string type() {
    return "{updates:uint64,a:uint64,b:uint64,c:uint64,d:uint64,e:uint64,f:uint64,g:uint64,h:uint64,i:uint64,"
           "j:uint64}";
  }
};
