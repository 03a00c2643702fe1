#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>

#include <weir/core/assert.hpp>
#include <weir/state/tier.hpp>

namespace weir {

namespace {

constexpr std::size_t kSmallestBlock = 4 * 1024;
constexpr std::size_t kLargestBlock =
    512 * 1024;  ///< which weir::main has the system take back when it is freed
constexpr std::size_t kDigitBytes = sizeof(std::uint64_t);

/// Entries are sorted, their text is not: each would wait for memory if it were not asked for so many entries ahead.
constexpr std::size_t kLookAhead = 16;

/// Bytes [depth, depth + 8) of the key as a number that orders like them; zeros where the key has ended.
std::uint64_t digit_of(std::string_view key, std::size_t depth) {
  if (key.size() >= depth + kDigitBytes) {
    std::uint64_t digit;
    std::memcpy(&digit, key.data() + depth, kDigitBytes);
    return __builtin_bswap64(digit);
  }
  std::uint64_t digit = 0;
  for (std::size_t i = depth; i < depth + kDigitBytes; ++i)
    digit = digit << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0);
  return digit;
}

}  // namespace

/// Sorts digit by digit of eight bytes: keys of one operator share their first fourteen bytes or so, and comparing
/// whole keys would go to memory for each comparison. What is equal stays in its order.
class StateDelta::DigitSort {
 public:
  explicit DigitSort(const Blocks& blocks) : blocks_(blocks) {}

  void sort(Entry* first, Entry* last, std::size_t depth) {
    read_digits(first, last, depth);
    if (last - first >= kManyEntries) sort_by_bytes(first, last, depth);
    else sort_by_digits(first, last, depth);
    while (first != last) {
      Entry* end = std::find_if(first, last, [&](const Entry& e) {
        return e.prefix != first->prefix || length_in(e, depth) != length_in(*first, depth);
      });
      if (end - first > 1 && length_in(*first, depth) > kDigitBytes)
        sort_rest(first, end, depth + kDigitBytes);
      first = end;
    }
  }

 private:
  /// Long common beginnings are walked over once by whole comparisons instead of digit by digit.
  static constexpr std::size_t kDepthMax = 64;
  static constexpr std::ptrdiff_t kFewEntries = 16;
  /// From here on counting bytes is faster than comparing digits.
  static constexpr std::ptrdiff_t kManyEntries = 512;

  void read_digits(Entry* first, Entry* last, std::size_t depth) const {
    for (Entry* e = first; e != last; ++e) {
      if (static_cast<std::size_t>(last - e) > kLookAhead)
        __builtin_prefetch(at(blocks_, e[kLookAhead].place) + depth);
      e->prefix = digit_of(key(*e), depth);
    }
  }

  void sort_by_digits(Entry* first, Entry* last, std::size_t depth) const {
    std::sort(first, last, [depth](const Entry& a, const Entry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      if (length_in(a, depth) != length_in(b, depth)) return length_in(a, depth) < length_in(b, depth);
      return a.place < b.place;
    });
  }

  /// By length, then by each byte of the digit in which entries differ, the last one first.
  void sort_by_bytes(Entry* first, Entry* last, std::size_t depth) {
    std::uint64_t differ = 0;
    std::size_t lengths_differ = 0;
    for (const Entry* e = first; e != last; ++e) {
      differ |= e->prefix ^ first->prefix;
      lengths_differ |= length_in(*e, depth) ^ length_in(*first, depth);
    }
    if (lengths_differ != 0)
      sort_by_byte(first, last, [depth](const Entry& e) { return length_in(e, depth); });
    for (std::size_t shift = 0; shift < 8 * kDigitBytes; shift += 8)
      if ((differ >> shift & 0xff) != 0)
        sort_by_byte(first, last, [shift](const Entry& e) { return e.prefix >> shift & 0xff; });
  }
  template <class ByteOf>
  void sort_by_byte(Entry* first, Entry* last, ByteOf byte_of) {
    std::array<std::size_t, 256> places{};
    for (const Entry* e = first; e != last; ++e) ++places[byte_of(*e)];
    std::exclusive_scan(places.begin(), places.end(), places.begin(), std::size_t{0});
    sorted_.resize(std::max(sorted_.size(), static_cast<std::size_t>(last - first)));
    for (const Entry* e = first; e != last; ++e) sorted_[places[byte_of(*e)]++] = *e;
    std::copy_n(sorted_.begin(), last - first, first);
  }

  void sort_rest(Entry* first, Entry* last, std::size_t depth) {
    if (last - first > kFewEntries && depth < kDepthMax) return sort(first, last, depth);
    std::sort(first, last, [this, depth](const Entry& a, const Entry& b) {
      const int order = key(a).substr(depth).compare(key(b).substr(depth));
      return order != 0 ? order < 0 : a.place < b.place;
    });
  }

  /// How much of the key the digit at `depth` holds; one more when the key goes on behind it. Tells "a" from "a\0".
  static std::size_t length_in(const Entry& e, std::size_t depth) {
    return std::min<std::size_t>(e.key_bytes - depth, kDigitBytes + 1);
  }
  std::string_view key(const Entry& e) const { return {at(blocks_, e.place), e.key_bytes}; }

  const Blocks& blocks_;
  std::vector<Entry> sorted_;
};

std::uint64_t StateDelta::add(std::string_view key, std::string_view value) {
  const std::size_t bytes = key.size() + value.size();
  // A block that a copy has too is full for both.
  if (blocks_.empty() || used_ + bytes > size_ || blocks_.back().use_count() > 1) {
    size_ = std::max(bytes, std::clamp(bytes_, kSmallestBlock, kLargestBlock));
    blocks_.emplace_back(new char[size_]);
    used_ = 0;
  }
  char* to = blocks_.back().get() + used_;
  const std::uint64_t place = std::uint64_t{blocks_.size() - 1} << 32 | used_;
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  if (!value.empty()) std::memcpy(to + key.size(), value.data(), value.size());
  used_ += bytes;
  bytes_ += bytes;
  return place;
}

void StateDelta::put(std::string_view key, std::string_view value) {
  WEIR_ASSERT(key.size() < kErased && value.size() < kErased, "a state entry is smaller than 4 GiB");
  entries_.push_back(
      {0, add(key, value), static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())});
}

void StateDelta::erase(std::string_view key) {
  entries_.push_back({0, add(key, {}), static_cast<std::uint32_t>(key.size()), kErased});
}

void StateDelta::drop_range(std::string_view begin, std::string_view end) {
  WEIR_ASSERT(!end.empty(), "a range to drop has an end");
  if (begin < end) ranges_.emplace_back(begin, end);
}

void StateDelta::append(const StateDelta& other) {
  const std::uint64_t base = blocks_.size();
  blocks_.insert(blocks_.end(), other.blocks_.begin(), other.blocks_.end());
  used_ = size_ = 0;  // what `other` adds to its last block is its own
  bytes_ += other.bytes_;
  entries_.reserve(entries_.size() + other.entries_.size());
  for (Entry entry : other.entries_) {
    entry.place += base << 32;
    entries_.push_back(entry);
  }
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
}

void StateDelta::sort() {
  DigitSort(blocks_).sort(entries_.data(), entries_.data() + entries_.size(), 0);
  // Equal keys lie in the order they were put: the one before another of the same key is outdated.
  // They have been told apart by the same digits, the last of which each still has.
  const auto same_key = [this](const Entry& a, const Entry& b) {
    return a.prefix == b.prefix && a.key_bytes == b.key_bytes && key(a) == key(b);
  };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (i + 1 == entries_.size() || !same_key(entries_[i], entries_[i + 1])) entries_[kept++] = entries_[i];
  entries_.resize(kept);
}

void StateDelta::for_each(const std::function<void(std::string_view, const std::string_view*)>& visit) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i + kLookAhead < entries_.size()) {
      const char* ahead = at(blocks_, entries_[i + kLookAhead].place);
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + 64);
    }
    const Entry& e = entries_[i];
    if (e.value_bytes == kErased) {
      visit(key(e), nullptr);
      continue;
    }
    const std::string_view value(at(blocks_, e.place) + e.key_bytes, e.value_bytes);
    visit(key(e), &value);
  }
}

}  // namespace weir
