#pragma once

#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/error.hpp>
#include <weir/core/source.hpp>

namespace weir {

namespace detail {

/// Where a generator's partition stands: how many rows it has given, and of which rows these are.
Position generator_position(const GeneratorOptions& options, std::uint64_t given);
/// Throws FailJob(kStateUnusable) where the generator is to make other rows, or deal them out otherwise, than the one that the checkpoint
/// goes on from.
void check_generator(const GeneratorOptions& options, const std::vector<RestoredPartition>& restored);

}  // namespace detail

/// Reads rows that `make(n, seed)` gives, or `make(n, seed, arena)` where rows hold text: partition k of K gives n = k, k + K, …
/// The position is the number of rows given, so that a restart goes on exactly.
template <class Row, class Make>
class GeneratorReader final : public PartitionReader {
 public:
  GeneratorReader(const Make& make, const GeneratorOptions& options, std::uint64_t partition,
                  std::uint64_t given)
      : make_(make),
        options_(options),
        seed_(options.seed),
        step_(options.partitions),
        next_(partition + given * options.partitions),
        given_(given) {
    if (options.events) total_ = *options.events / step_ + (partition < *options.events % step_ ? 1 : 0);
  }

  ReadStatus read(RowSink& rows, std::size_t limit) override {
    auto& batch = static_cast<RowBatch<Row>&>(rows.batch());
    std::uint64_t n = limit;
    if (total_) n = std::min<std::uint64_t>(n, *total_ - given_);
    for (std::uint64_t i = 0; i < n; ++i, next_ += step_) {
      batch.append(Made{*this, batch}, EventTime::min());
    }
    given_ += n;
    if (n > 0) return ReadStatus::kRows;
    return total_ && given_ == *total_ ? ReadStatus::kEnd : ReadStatus::kNothing;
  }
  Position position() const override { return detail::generator_position(options_, given_); }
  std::optional<double> progress() const override {
    if (!total_) return std::nullopt;
    return *total_ == 0 ? 1.0 : static_cast<double>(given_) / static_cast<double>(*total_);
  }

 private:
  /// Becomes the next row where it is put, so that none is made first and then copied: rows may be wide.
  struct Made {
    const GeneratorReader& reader;
    RowBatch<Row>& batch;
    operator Row() const {
      if constexpr (std::invocable<const Make&, std::uint64_t, std::uint64_t, Arena&>)
        return reader.make_(reader.next_, reader.seed_, batch.arena());
      else return reader.make_(reader.next_, reader.seed_);
    }
  };

  const Make& make_;
  const GeneratorOptions& options_;
  const std::uint64_t seed_;
  const std::uint64_t step_;
  std::uint64_t next_;
  std::uint64_t given_;
  std::optional<std::uint64_t> total_;
};

/// A pipeline's own rows as a source; see GeneratorReader.
template <class Row, class Make>
class GeneratorSource final : public Source {
 public:
  GeneratorSource(Make make, const GeneratorOptions& options) : make_(std::move(make)), options_(options) {}

  std::vector<std::string> partitions() override {
    std::vector<std::string> names;
    for (std::uint32_t k = 0; k < options_.partitions; ++k) names.push_back(std::to_string(k));
    return names;
  }
  void check_restored(const std::vector<RestoredPartition>& restored) override {
    detail::check_generator(options_, restored);
  }
  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()>) override {
    std::uint64_t k = 0;
    std::from_chars(partition.data(), partition.data() + partition.size(), k);
    return std::make_unique<GeneratorReader<Row, Make>>(
        make_, options_, k, position ? static_cast<std::uint64_t>(position->offset) : 0);
  }

 private:
  const Make make_;
  const GeneratorOptions options_;
};

}  // namespace weir
