#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/ordered_codec.hpp>

namespace weir {

/// Rows with their event times in the order in which they were added, encoded side by side: an object of a KeyedTable. Adding needs
/// nothing of what is there; a write gives only what was added since the last one.
template <class Row>
class RowList {
 public:
  void append(const Row& row, EventTime time) {
    detail::append_number(added_, time.millis);
    StateCodec<Row>::encode(added_, row);
    ++added_rows_;
  }
  /// visit(row, time); text in rows points into the list and lives until it is changed.
  template <class Visit>
  void for_each(Visit&& visit) const {
    visit_bytes(stored_, visit);
    visit_bytes(added_, visit);
  }
  /// Keeps the rows for which keep(row, time) holds. Returns how many have gone.
  template <class Keep>
  std::size_t keep_if(Keep&& keep) {
    RowList kept;
    std::size_t gone = 0;
    for_each([&](const Row& row, EventTime time) {
      if (keep(row, time)) kept.append(row, time);
      else ++gone;
    });
    if (gone == 0) return 0;
    clear();
    added_ = std::move(kept.added_);
    added_rows_ = kept.added_rows_;
    return gone;
  }
  /// Keeps the rows for which change(row) holds, as it leaves them.
  template <class Change>
  void rewrite(Change&& change) {
    RowList kept;
    for_each([&](Row row, EventTime time) {
      if (change(row)) kept.append(row, time);
    });
    clear();
    added_ = std::move(kept.added_);
    added_rows_ = kept.added_rows_;
  }
  /// Of all rows, as they are written.
  std::size_t bytes() const { return stored_.size() + added_.size(); }
  bool empty() const { return stored_.empty() && added_.empty(); }
  /// Walks over what is there from before the last restart.
  std::size_t size() const {
    std::size_t rows = added_rows_;
    visit_bytes(stored_, [&](const Row&, EventTime) { ++rows; });
    return rows;
  }

  void clear() {
    outdated_.insert(outdated_.end(), chunks_.begin(), chunks_.end());
    chunks_.clear();
    stored_.clear();
    added_.clear();
    added_rows_ = 0;
  }
  void load(std::string_view subkey, std::string_view value) {
    chunks_.push_back(chunk_of(subkey));
    stored_.append(value);
  }
  bool holds(std::string_view subkey) const {
    const auto among = [chunk = chunk_of(subkey)](const std::vector<std::uint64_t>& chunks) {
      return std::find(chunks.begin(), chunks.end(), chunk) != chunks.end();
    };
    return among(chunks_) || among(leaving_);
  }
  void prepend(RowList&& older) {
    chunks_.insert(chunks_.begin(), older.chunks_.begin(), older.chunks_.end());
    stored_.insert(0, older.stored_);
  }
  /// A list in many small entries is written anew as one, where all of it is at hand.
  template <class NextSequence, class Put, class Erase>
  void write(NextSequence&& next_sequence, Put&& put, Erase&& erase) {
    leaving_ = std::exchange(outdated_, {});
    for (const std::uint64_t chunk : leaving_) erase(subkey(chunk));
    if (added_.empty()) return;
    const std::uint64_t chunk = next_sequence();
    if (chunks_.size() >= kChunksMost) {  // of which all bytes are at hand, read or not what lies before them
      for (const std::uint64_t old : chunks_) erase(subkey(old));
      leaving_.insert(leaving_.end(), chunks_.begin(), chunks_.end());
      chunks_.clear();
      stored_.append(added_);
      put(subkey(chunk), stored_);
    } else {
      put(subkey(chunk), added_);
      stored_.append(added_);
    }
    chunks_.push_back(chunk);
    added_.clear();
    added_rows_ = 0;
  }
  std::size_t heap_bytes() const {
    return stored_.capacity() + added_.capacity() +
           (chunks_.capacity() + outdated_.capacity() + leaving_.capacity()) * sizeof(std::uint64_t);
  }

 private:
  static constexpr std::size_t kChunksMost = 8;

  static std::uint64_t chunk_of(std::string_view subkey) {
    StateReader in(subkey);
    return OrderedCodec<std::uint64_t>::decode(in);
  }
  static std::string subkey(std::uint64_t chunk) {
    std::string key;
    OrderedCodec<std::uint64_t>::encode(key, chunk);
    return key;
  }
  template <class Visit>
  static void visit_bytes(std::string_view bytes, Visit&& visit) {
    for (StateReader in(bytes); !in.at_end();) {
      const EventTime time{in.number<std::int64_t>()};
      visit(StateCodec<Row>::decode(in), time);
    }
  }

  std::string stored_;  ///< what the chunks in the tier hold, in their order
  std::string added_;   ///< since the last write
  std::size_t added_rows_ = 0;
  std::vector<std::uint64_t> chunks_;
  std::vector<std::uint64_t> outdated_;  ///< in the tier, to be erased
  std::vector<std::uint64_t> leaving_;   ///< erased by the last write, which may not have come to the tier
};

}  // namespace weir
