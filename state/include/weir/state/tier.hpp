#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// What changed: entries to write or erase and ranges to drop, collected in any order. Copies share what they hold.
/// A range is dropped before the entries are written, so an entry inside a dropped range of the same delta stays.
class StateDelta {
 public:
  /// Of several puts and erasures of a key the last one counts.
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  /// Drops [begin, end).
  void drop_range(std::string_view begin, std::string_view end);
  /// Takes over all of `other`, as if it had been said after what is here.
  void append(const StateDelta& other);

  bool empty() const { return entries_.empty() && ranges_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

  /// Orders entries by key and drops all but the last of equal keys. Call before for_each().
  void sort();
  /// `value` is null for an erased key.
  void for_each(const std::function<void(std::string_view key, const std::string_view* value)>& visit) const;
  const std::vector<std::pair<std::string, std::string>>& ranges() const { return ranges_; }

 private:
  struct Entry {
    std::uint64_t prefix;  ///< first eight bytes of the key, big-endian: most comparisons end here
    std::uint64_t place;   ///< number of the block, and where in it (32 bits each); grows with each entry
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;  ///< kErased: no value
  };
  static constexpr std::uint32_t kErased = 0xffffffff;
  /// In blocks that are never moved: one buffer that grows would be there up to three times while it does.
  using Blocks = std::vector<std::shared_ptr<char[]>>;
  static const char* at(const Blocks& blocks, std::uint64_t place) {
    return blocks[place >> 32].get() + (place & 0xffffffff);
  }
  std::string_view key(const Entry& e) const { return {at(blocks_, e.place), e.key_bytes}; }
  std::uint64_t add(std::string_view key, std::string_view value);
  class DigitSort;

  Blocks blocks_;
  std::size_t used_ = 0;  ///< of the last block
  std::size_t size_ = 0;  ///< of the last block
  std::size_t bytes_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::pair<std::string, std::string>> ranges_;
};

/// Sealed state that knows how to become a delta. Made on the worker, written on another thread.
class SealedEntries : public SealedState {
 public:
  virtual void write(StateDelta& delta) const = 0;
};

/// A file of a tier's snapshot: on disk, or, for backends without files, in memory.
struct SnapshotFile {
  std::string name;  ///< within the snapshot
  std::string path;  ///< absolute path; empty when `bytes` holds the content
  std::string bytes;
  /// True for files that are never changed once written, under a name unique in this tier: unchanged since an earlier
  /// snapshot when name and size are the same.
  bool immutable = false;
};

/// Where a worker's keyed state goes below its live objects. Keys are ordered bytewise. One writer at a time; reads from
/// any thread. Errors of storage throw RestartJob (the live store is scratch; a restart rebuilds it).
class StateTier {
 public:
  virtual ~StateTier() = default;
  /// Applies a sorted delta in one step.
  virtual void apply(const StateDelta& delta) = 0;
  /// Visits [begin, end) in key order; an empty end is the end of all. A visit that returns false ends the walk: false then.
  virtual bool scan_while(
      std::string_view begin, std::string_view end,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
  /// The same, all of it.
  void scan(std::string_view begin, std::string_view end,
            const std::function<void(std::string_view key, std::string_view value)>& visit) const;
  virtual std::vector<std::optional<std::string>> multi_get(const std::vector<std::string>& keys) const = 0;
  /// An immutable image of everything applied so far. Files stay readable until the next-but-one snapshot() or the
  /// destruction of the tier.
  virtual std::vector<SnapshotFile> snapshot() = 0;

  /// Entries of state `state_id` whose value begins with a time (int64) of `horizon` or before have expired: they may go whenever that costs
  /// nothing, and are there until then. The time EventTime::min() is not a time. Requires: whoever restores a later snapshot has a horizon
  /// that is not lower. Any thread.
  virtual void set_expired(std::uint32_t state_id, EventTime horizon) {
    static_cast<void>(state_id), static_cast<void>(horizon);
  }
};

/// Makes tiers. `heap` and `rocksdb` share one snapshot format, so that a job may change between them.
class StateBackend {
 public:
  virtual ~StateBackend() = default;
  /// An empty tier; whatever an earlier process left in its place is removed first: live state is scratch.
  virtual std::unique_ptr<StateTier> create(std::uint32_t worker) = 0;
  /// A tier that begins with the content of a snapshot. `files` are linked or copied, never changed.
  virtual std::unique_ptr<StateTier> open(std::uint32_t worker, const std::vector<SnapshotFile>& files) = 0;
  /// Where files of a snapshot are to be put before open(), empty for a backend without files. Same file system as the
  /// live state, so that open() can link.
  virtual std::string staging_directory() const = 0;
};

struct RocksDbOptions {
  std::string directory;                         ///< scratch; owned by one instance
  std::size_t memory_bytes = 256 * 1024 * 1024;  ///< block cache and write buffers of all tiers together
};

/// RocksDB 7.8 or later, WAL off, no atomic_flush; deltas go in as one ingested SST each.
std::unique_ptr<StateBackend> make_rocksdb_backend(const RocksDbOptions& options);
/// Ordered maps in memory; for the simulation and for tests.
std::unique_ptr<StateBackend> make_memory_backend();

}  // namespace weir
