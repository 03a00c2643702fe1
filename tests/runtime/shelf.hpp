#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/core/error.hpp>
#include <weir/core/source.hpp>

#include "job_fixture.hpp"

namespace weir {

/// Partitions of rows that outlive jobs and may grow, go and come back, as files and topics do.
class Shelf {
 public:
  void put(const std::string& partition, std::vector<Sample> samples) {
    const std::lock_guard lock(mutex_);
    auto& rows = partitions_[partition];
    rows.insert(rows.end(), samples.begin(), samples.end());
  }
  void take_away(const std::string& partition) {
    const std::lock_guard lock(mutex_);
    away_[partition] = std::move(partitions_.at(partition));
    partitions_.erase(partition);
  }
  void bring_back(const std::string& partition) {
    const std::lock_guard lock(mutex_);
    partitions_[partition] = std::move(away_.at(partition));
  }

  bool bounded = true;
  bool from_latest = false;           ///< where a partition begins that is not known
  std::atomic<int> reads_to_fail{0};  ///< so many reads that give rows throw instead
  std::atomic<std::size_t> opened{0};

  std::unique_ptr<Source> source() { return std::make_unique<ShelfSource>(*this); }

 private:
  class ShelfSource final : public Source {
   public:
    explicit ShelfSource(Shelf& shelf) : shelf_(shelf) {}
    std::vector<std::string> partitions() override {
      const std::lock_guard lock(shelf_.mutex_);
      std::vector<std::string> names;
      for (const auto& [name, rows] : shelf_.partitions_) names.push_back(name);
      return names;
    }
    void check_restored(const std::vector<RestoredPartition>& restored) override {
      Source::check_restored(restored);
      goes_on_ = true;
    }
    bool first_positions_move() const override { return shelf_.from_latest; }
    std::unique_ptr<PartitionReader> open(const std::string& partition,
                                          const std::optional<Position>& position,
                                          std::function<void()>) override {
      const std::lock_guard lock(shelf_.mutex_);
      const auto& rows = shelf_.partitions_.at(partition);
      std::size_t next = !goes_on_ && shelf_.from_latest ? rows.size() : 0;
      if (position) next = static_cast<std::size_t>(position->offset);
      ++shelf_.opened;
      return std::make_unique<Reader>(shelf_, partition, next);
    }

   private:
    Shelf& shelf_;
    bool goes_on_ = false;
  };

  class Reader final : public PartitionReader {
   public:
    Reader(Shelf& shelf, std::string partition, std::size_t next)
        : shelf_(shelf), partition_(std::move(partition)), next_(next) {}
    ReadStatus read(RowSink& rows, std::size_t limit) override {
      const std::lock_guard lock(shelf_.mutex_);
      const auto& all = shelf_.partitions_.at(partition_);
      if (next_ == all.size()) return shelf_.bounded ? ReadStatus::kEnd : ReadStatus::kCaughtUp;
      if (shelf_.reads_to_fail > 0) {
        --shelf_.reads_to_fail;
        throw RestartJob("the shelf fell over");
      }
      auto& batch = static_cast<RowBatch<Sample>&>(rows.batch());
      for (; limit > 0 && next_ < all.size(); --limit, ++next_)
        batch.append(Sample{batch.arena().copy(all[next_].sensor), all[next_].time, all[next_].value},
                     EventTime::min());
      return ReadStatus::kRows;
    }
    Position position() const override { return {static_cast<std::int64_t>(next_), {}}; }

   private:
    Shelf& shelf_;
    const std::string partition_;
    std::size_t next_;
  };

  std::mutex mutex_;
  std::map<std::string, std::vector<Sample>> partitions_;
  std::map<std::string, std::vector<Sample>> away_;
};

}  // namespace weir
