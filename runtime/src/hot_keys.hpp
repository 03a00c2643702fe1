#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/metrics.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// Finds the most frequent keys of a stream from a sample of its rows, in little memory; what is long past counts less and less.
/// Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams" (ICDT 2005). One thread.
class HotKeySketch {
 public:
  /// `text` is asked for when a key is seen again: most keys of many are never made into text.
  void add(std::uint64_t hash, const std::function<std::string()>& text);
  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t count = 0;
    std::string text;  ///< empty until the key is seen again
  };
  /// At most `most` keys that were seen more than once, the most frequent first, with their share of all rows.
  std::vector<std::pair<double, std::string>> hottest(std::size_t most) const;

 private:
  static constexpr std::size_t kEntries = 32;
  static constexpr std::uint64_t kWindow = 8192;  ///< samples, after which all counts are halved

  std::vector<Entry> entries_;
  std::uint64_t total_ = 0;
};

/// Where operators' tasks put down which keys they see most. Any thread.
class HotKeyBoard {
 public:
  void publish(const std::string& vertex, std::uint32_t worker,
               std::vector<std::pair<double, std::string>> keys);
  std::vector<HotKey> hottest() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::uint32_t>, std::vector<std::pair<double, std::string>>> keys_;
};

/// Looks at the keys that reach one operator on one worker, a row in 61. One thread.
class HotKeyWatch {
 public:
  using KeyText = std::string (*)(const void* row);

  /// `key_texts` by input; null for an input without keys.
  HotKeyWatch(std::string vertex, std::uint32_t worker, std::vector<KeyText> key_texts, HotKeyBoard& board,
              MetricRegistry& metrics);
  void look(std::uint32_t input, const Batch& rows);
  /// The key of a row, as JSON; empty where rows have none.
  std::string key_of(std::uint32_t input, const void* row) const {
    return input < key_texts_.size() && key_texts_[input] ? key_texts_[input](row) : "";
  }

 private:
  static constexpr std::size_t kStride = 61;
  static constexpr std::uint64_t kPublishEvery = 512;  ///< samples
  static constexpr std::size_t kShown = 3;

  const std::string vertex_;
  const std::uint32_t worker_;
  const std::vector<KeyText> key_texts_;
  HotKeyBoard& board_;
  Gauge* share_ = nullptr;
  HotKeySketch sketch_;
  std::size_t skip_ = 0;  ///< rows until the next sample
  std::uint64_t samples_ = 0;
};

}  // namespace weir
