#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <fmt/format.h>

#include <weir/core/arena.hpp>
#include <weir/core/error.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/tier.hpp>

namespace weir {

namespace {

using Entries = std::map<std::string, std::string, std::less<>>;

// The one file of a snapshot: magic, count, then length, length, key, value for each entry. docs/formats/state.md.
constexpr std::string_view kFileName = "entries";
constexpr std::string_view kMagic = "WEIRMEM1";

std::string serialise(const Entries& entries) {
  std::string bytes(kMagic);
  detail::append_number(bytes, static_cast<std::uint64_t>(entries.size()));
  for (const auto& [key, value] : entries) {
    detail::append_number(bytes, static_cast<std::uint32_t>(key.size()));
    detail::append_number(bytes, static_cast<std::uint32_t>(value.size()));
    bytes.append(key).append(value);
  }
  return bytes;
}

Entries parse(std::string_view bytes) {
  Arena unused;
  StateReader in(bytes, unused);
  if (in.take(kMagic.size()) != kMagic)
    throw FailJob("state file 'entries' was not written by the memory backend", ExitCode::kStateUnusable);
  Entries entries;
  for (auto left = in.number<std::uint64_t>(); left > 0; --left) {
    const auto key_bytes = in.number<std::uint32_t>();
    const auto value_bytes = in.number<std::uint32_t>();
    const std::string_view key = in.take(key_bytes);
    entries.emplace_hint(entries.end(), key, in.take(value_bytes));
  }
  if (!in.at_end())
    throw FailJob("state file 'entries' goes on behind its last entry", ExitCode::kStateUnusable);
  return entries;
}

class MemoryTier final : public StateTier {
 public:
  explicit MemoryTier(Entries entries) : entries_(std::move(entries)) {}

  void apply(const StateDelta& delta) override {
    const std::unique_lock lock(mutex_);
    for (const auto& [begin, end] : delta.ranges())
      entries_.erase(entries_.lower_bound(begin), entries_.lower_bound(end));
    delta.for_each([this](std::string_view key, const std::string_view* value) {
      if (value) entries_.insert_or_assign(std::string(key), std::string(*value));
      else if (const auto it = entries_.find(key); it != entries_.end()) entries_.erase(it);
    });
  }

  bool scan_while(std::string_view begin, std::string_view end,
                  const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    const std::shared_lock lock(mutex_);
    for (auto it = entries_.lower_bound(begin); it != entries_.end() && (end.empty() || it->first < end);
         ++it)
      if (!visit(it->first, it->second)) return false;
    return true;
  }

  std::vector<std::optional<std::string>> multi_get(const std::vector<std::string>& keys) const override {
    const std::shared_lock lock(mutex_);
    std::vector<std::optional<std::string>> values;
    values.reserve(keys.size());
    for (const std::string& key : keys) {
      const auto it = entries_.find(key);
      values.push_back(it == entries_.end() ? std::nullopt : std::optional(it->second));
    }
    return values;
  }

  std::vector<SnapshotFile> snapshot() override {
    const std::shared_lock lock(mutex_);
    return {{std::string(kFileName), "", serialise(entries_), false}};
  }

 private:
  mutable std::shared_mutex mutex_;
  Entries entries_;
};

class MemoryBackend final : public StateBackend {
 public:
  std::unique_ptr<StateTier> create(std::uint32_t) override {
    return std::make_unique<MemoryTier>(Entries());
  }

  std::unique_ptr<StateTier> open(std::uint32_t worker, const std::vector<SnapshotFile>& files) override {
    if (files.size() != 1 || files.front().name != kFileName || !files.front().path.empty())
      throw FailJob(
          fmt::format(
              "the snapshot of worker {} was not written by the memory backend: {} files, the first is '{}'",
              worker, files.size(), files.empty() ? "" : files.front().name),
          ExitCode::kStateUnusable);
    return std::make_unique<MemoryTier>(parse(files.front().bytes));
  }

  std::string staging_directory() const override { return ""; }
};

}  // namespace

std::unique_ptr<StateBackend> make_memory_backend() { return std::make_unique<MemoryBackend>(); }

}  // namespace weir
