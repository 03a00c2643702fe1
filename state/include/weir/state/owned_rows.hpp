#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/assert.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>

namespace weir {

/// A few rows in an order of the caller's, that own the text they point to: all of it in one block, which is made anew when it is full. Row by row each would
/// be an allocation of its own. Stored like std::vector<Owned<Row>>. One thread.
template <class Row>
class OwnedRows {
 public:
  OwnedRows() = default;
  OwnedRows(const OwnedRows& other) {
    rows_.reserve(other.size());
    for (const Row& row : other) insert(size(), row);
  }
  OwnedRows(OwnedRows&& other) noexcept { swap(other); }
  OwnedRows& operator=(OwnedRows other) noexcept {
    swap(other);
    return *this;
  }

  std::size_t size() const { return rows_.size(); }
  const Row& operator[](std::size_t i) const { return rows_[i]; }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

  /// Puts a copy of `row`, which is not one of these, before the one that is at `place` now.
  void insert(std::size_t place, const Row& row) {
    Row copy = row;
    own(copy);
    rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(place), std::move(copy));
  }
  void pop_back() {
    WEIR_DCHECK(!rows_.empty(), "there is a row to drop");
    rows_.pop_back();
  }
  std::size_t heap_bytes() const { return rows_.capacity() * sizeof(Row) + capacity_; }

 private:
  void swap(OwnedRows& other) noexcept {
    std::swap(rows_, other.rows_);
    std::swap(text_, other.text_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
  }
  void own(Row& row) {
    if constexpr (kHoldsViews<Row>) {
      const std::size_t bytes = text_bytes(row);
      if (used_ + bytes > capacity_) make_room(bytes);
      copy_text(row);
    }
  }
  /// Leaves behind the text of rows that were dropped.
  void make_room(std::size_t bytes) {
    std::size_t live = 0;
    for (const Row& row : rows_) live += text_bytes(row);
    capacity_ = live + bytes + (live + bytes) / 2;
    used_ = 0;
    const std::unique_ptr<char[]> old = std::exchange(text_, std::unique_ptr<char[]>(new char[capacity_]));
    for (Row& row : rows_) copy_text(row);
  }
  void copy_text(Row& row) {
    detail::TextBlock block{text_.get() + used_};
    own_text(row, block);
    used_ = static_cast<std::size_t>(block.next - text_.get());
  }
  static std::size_t text_bytes(const Row& row) {
    Row measured = row;
    detail::TextMeasure measure;
    own_text(measured, measure);
    return measure.bytes;
  }

  std::vector<Row> rows_;
  std::unique_ptr<char[]> text_;
  std::size_t capacity_ = 0;  ///< of text_, in bytes
  std::size_t used_ = 0;
};

template <class Row>
struct StateCodec<OwnedRows<Row>> {
  static void encode(std::string& out, const OwnedRows<Row>& rows) {
    detail::append_number(out, static_cast<std::uint32_t>(rows.size()));
    for (const Row& row : rows) StateCodec<Row>::encode(out, row);
  }
  static OwnedRows<Row> decode(StateReader& in) {
    OwnedRows<Row> rows;
    for (auto n = in.number<std::uint32_t>(); n > 0; --n)
      rows.insert(rows.size(), StateCodec<Row>::decode(in));
    return rows;
  }
  static std::string type() { return "list<" + StateCodec<Row>::type() + ">"; }
};

}  // namespace weir
