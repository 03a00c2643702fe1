#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/assert.hpp>
#include <weir/core/digest.hpp>
#include <weir/core/hash.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// The unit that moves: rows of one type, their event times, and the arenas their text points into.
/// This base is what the runtime and connectors see; typed code uses RowBatch<Row>. Owned by one thread at a time.
class Batch {
 public:
  virtual ~Batch() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  bool full() const { return size_ == capacity_; }
  std::size_t room() const { return capacity_ - size_; }

  EventTime time(std::size_t i) const { return times_[i]; }
  std::span<EventTime> times() { return {times_.get(), size_}; }
  std::span<const EventTime> times() const { return {times_.get(), size_}; }

  /// The row's address, for code that knows its RowSchema only.
  const void* row(std::size_t i) const { return rows_ + i * row_bytes_; }

  /// Appends a default-constructed row with time EventTime::min() and returns its address. Requires: !full().
  virtual void* append_default() = 0;
  /// Destroys the last row. Requires: !empty().
  virtual void drop_last() = 0;
  /// Destroys all rows and lets go of the arenas.
  virtual void clear() = 0;
  /// Count and digest of the rows, for the ledger of an edge.
  virtual Digest digest() const = 0;

  /// The batch's own arena, for text of rows appended to it; made when first asked for.
  Arena& arena() {
    if (!own_) own_ = ArenaRef::make();
    return *own_;
  }

  /// Keeps alive what the rows of `other` point into, so that its rows may be copied here without their text.
  void share_arenas(const Batch& other) {
    if (other.own_) share(other.own_);
    for (const ArenaRef& ref : other.shared_) share(ref);
  }
  /// Whether the text lies in an arena that this batch keeps alive. Only to be asked while text_is_checked().
  bool keeps(std::string_view text) const {
    return (own_ && own_->holds(text)) ||
           std::any_of(shared_.begin(), shared_.end(), [&](const ArenaRef& ref) { return ref->holds(text); });
  }
  /// Keeps `arena` alive as long as the rows of this batch.
  void share(const ArenaRef& arena) {
    for (const ArenaRef& ref : shared_)
      if (ref.get() == arena.get()) return;
    shared_.push_back(arena);
  }

 protected:
  Batch(std::size_t capacity, std::size_t row_bytes)
      : times_(new EventTime[capacity]), capacity_(capacity), row_bytes_(row_bytes) {}

  void release_arenas() {
    shared_.clear();
    if (!own_) return;
    if (own_.is_unique()) own_->clear();
    else own_ = ArenaRef();
  }

  std::byte* rows_ = nullptr;
  std::unique_ptr<EventTime[]> times_;
  std::size_t size_ = 0;
  const std::size_t capacity_;
  const std::size_t row_bytes_;

 private:
  ArenaRef own_;
  std::vector<ArenaRef> shared_;
};

/// What a row contributes to the ledger's digest besides its time. Overload for rows that carry a hash of themselves.
template <class Row>
std::uint64_t ledger_hash(const Row&) {
  return 0;
}

/// A batch of `Row`s. Rows lie side by side; capacity is fixed when it is made.
template <class Row>
class RowBatch final : public Batch {
 public:
  /// About 1,000 rows, fewer when rows are large: a batch should stay within a core's second-level cache.
  static constexpr std::size_t kCapacity = std::clamp<std::size_t>(128 * 1024 / sizeof(Row), 64, 1024);

  explicit RowBatch(std::size_t capacity = kCapacity) : Batch(capacity, sizeof(Row)) {
    rows_ = static_cast<std::byte*>(::operator new (capacity * sizeof(Row), std::align_val_t{alignof(Row)}));
  }
  ~RowBatch() override {
    destroy_rows();
    ::operator delete (rows_, std::align_val_t{alignof(Row)});
  }

  Row* data() { return reinterpret_cast<Row*>(rows_); }
  const Row* data() const { return reinterpret_cast<const Row*>(rows_); }
  std::span<Row> rows() { return {data(), size_}; }
  std::span<const Row> rows() const { return {data(), size_}; }
  Row& operator[](std::size_t i) { return data()[i]; }
  const Row& operator[](std::size_t i) const { return data()[i]; }

  /// Requires: !full().
  template <class R>
  void append(R&& row, EventTime time) {
    WEIR_DCHECK(!full(), "append to a full batch");
    ::new (static_cast<void*>(data() + size_)) Row(std::forward<R>(row));
    times_[size_] = time;
    ++size_;
  }

  void* append_default() override {
    append(Row{}, EventTime::min());
    return data() + size_ - 1;
  }
  void drop_last() override {
    WEIR_DCHECK(!empty(), "drop from an empty batch");
    --size_;
    data()[size_].~Row();
  }
  void clear() override {
    destroy_rows();
    release_arenas();
  }
  Digest digest() const override {
    Digest digest;
    for (std::size_t i = 0; i < size_; ++i)
      digest.add(ledger_hash(data()[i]) ^ detail::hash_u64(static_cast<std::uint64_t>(times_[i].millis)));
    return digest;
  }

 private:
  void destroy_rows() {
    if constexpr (!std::is_trivially_destructible_v<Row>) std::destroy_n(data(), size_);
    size_ = 0;
  }
};

/// Makes an empty batch of the row type of an edge.
using BatchFactory = std::unique_ptr<Batch> (*)();

template <class Row>
std::unique_ptr<Batch> make_batch() {
  return std::make_unique<RowBatch<Row>>();
}

}  // namespace weir
