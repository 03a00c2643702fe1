#include "expired_entries.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace weir {

namespace {

/// In an entry's key, behind its key group (store.hpp).
constexpr std::size_t kStateIdAt = 2;
constexpr std::size_t kStateIdBytes = 4;

std::uint32_t state_id_of(const rocksdb::Slice& key) {
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < kStateIdBytes; ++i)
    id = id << 8 | static_cast<unsigned char>(key[kStateIdAt + i]);
  return id;
}

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(ExpiredEntries::Horizons horizons) : horizons_(std::move(horizons)) {}
  const char* Name() const override { return "weir.ExpiredEntries"; }

  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    if (key.size() < kStateIdAt + kStateIdBytes || value.size() < sizeof(std::int64_t)) return false;
    const auto found = horizons_.find(state_id_of(key));
    if (found == horizons_.end()) return false;
    EventTime written;
    std::memcpy(&written.millis, value.data(), sizeof written.millis);
    return written <= found->second && written != EventTime::min();
  }

 private:
  const ExpiredEntries::Horizons horizons_;
};

}  // namespace

void ExpiredEntries::set(std::uint32_t state_id, EventTime horizon) {
  const std::lock_guard lock(mutex_);
  EventTime& known = horizons_.try_emplace(state_id, EventTime::min()).first->second;
  known = std::max(known, horizon);
}

std::unique_ptr<rocksdb::CompactionFilter> ExpiredEntries::CreateCompactionFilter(
    const rocksdb::CompactionFilter::Context&) {
  const std::lock_guard lock(mutex_);
  if (horizons_.empty()) return nullptr;
  return std::make_unique<ExpiryFilter>(horizons_);
}

}  // namespace weir
