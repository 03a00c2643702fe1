#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/source.hpp>

#include "format.hpp"

namespace rows {

struct Place {
  std::string_view city;
  std::int16_t gate = 0;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, gate))

/// One field of every kind.
struct Everything {
  bool on = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  std::string_view text;
  std::string owned;
  weir::EventTime at;
  Place place;
  std::optional<std::int32_t> maybe;
  std::optional<std::string_view> note;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (on, i8, i16, i32, i64, u8, u16, u32, u64, f, d, text, owned, at, place, maybe, note))

struct Flight {
  std::string_view origin;
  weir::EventTime at;
  std::optional<std::int32_t> delay;
};
BOOST_DESCRIBE_STRUCT(Flight, (), (origin, at, delay))

struct Line {
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Line, (), (text))

/// Collects what a reader hands over; text is copied, since batches are cleared.
template <class Row>
class Collected final : public weir::RowSink {
 public:
  struct Rejection {
    std::int64_t offset;
    std::string reason;
    std::string payload;
    std::uint64_t bytes;
  };
  weir::Batch& batch() override { return batch_; }
  void reject(const weir::Rejected& r) override {
    rejected.push_back({r.offset, std::string(r.reason), std::string(r.payload), r.bytes});
  }
  /// The rows so far, as JSON lines; forgets them.
  std::vector<std::string> take() {
    auto encoder = weir::make_encoder("json", weir::row_schema<Row>());
    std::vector<std::string> lines(batch_.size());
    for (std::size_t i = 0; i < lines.size(); ++i) encoder->encode(batch_.row(i), lines[i]);
    batch_.clear();
    return lines;
  }
  std::vector<Rejection> rejected;

 private:
  weir::RowBatch<Row> batch_;
};

/// Reads all that is left of a reader, `step` rows at a time.
template <class Row>
std::vector<std::string> read_all(weir::PartitionReader& reader, Collected<Row>& into, std::size_t step = 7) {
  std::vector<std::string> lines;
  while (reader.read(into, step) != weir::ReadStatus::kEnd)
    for (std::string& line : into.take()) lines.push_back(std::move(line));
  return lines;
}

}  // namespace rows
