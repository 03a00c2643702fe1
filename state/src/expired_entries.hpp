#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <rocksdb/compaction_filter.h>

#include <weir/core/time.hpp>

namespace weir {

/// Which entries of a tier have expired: leaves them out when files are folded together. Any thread.
class ExpiredEntries final : public rocksdb::CompactionFilterFactory {
 public:
  using Horizons = std::map<std::uint32_t, EventTime>;  ///< by state id

  void set(std::uint32_t state_id, EventTime horizon);
  const char* Name() const override { return "weir.ExpiredEntries"; }
  /// For one compaction: what has expired when it begins.
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& context) override;

 private:
  std::mutex mutex_;
  Horizons horizons_;
};

}  // namespace weir
