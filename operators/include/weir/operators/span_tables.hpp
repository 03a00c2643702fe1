#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/keyed_table.hpp>

namespace weir::detail {

/// One state of an operator divided by spans of event time, a KeyedTable each, so that what is over is dropped whole. Spans are
/// numbered, in the order of time. `layout` says how times become numbers: state that was written under another one is moved.
/// One thread.
template <class Key, class Object>
class SpanTables {
 public:
  using Table = KeyedTable<Key, Object>;

  SpanTables(OperatorStates& states, const std::string& state_name, std::string layout)
      : states_(states), state_name_(state_name), layout_(std::move(layout)) {}

  Table& at(std::int64_t span) {
    if (!last_ || span != last_span_) {
      auto& table = tables_[span];
      if (!table) {
        table = make(span, Table::Origin::kNew);
        ++version_;
      }
      last_ = table.get();
      last_span_ = span;
    }
    return *last_;
  }
  /// Null: there is none.
  Table* find(std::int64_t span) const {
    const auto it = tables_.find(span);
    return it == tables_.end() ? nullptr : it->second.get();
  }
  const std::map<std::int64_t, std::unique_ptr<Table>>& all() const { return tables_; }
  /// Changes whenever a table comes or goes.
  std::uint64_t version() const { return version_; }
  void drop(std::int64_t span) {
    const auto it = tables_.find(span);
    if (it == tables_.end()) return;
    it->second->drop();
    tables_.erase(it);
    last_ = nullptr;
    ++version_;
  }

  /// Which tables there are: `layout · count · span*`.
  void encode(std::string& out) const {
    StateCodec<std::string>::encode(out, layout_);
    append_number(out, static_cast<std::uint32_t>(tables_.size()));
    for (const auto& [span, table] : tables_) append_number(out, span);
  }
  /// Takes back what one worker had encoded; open() follows when all have been read.
  void read(StateReader& in) {
    if (StateCodec<std::string>::decode(in) != layout_) moves_ = true;
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) stored_.insert(in.number<std::int64_t>());
  }
  /// Rows of another layout go to the span that `span_of(time)` says.
  template <class SpanOf>
  void open(SpanOf&& span_of) {
    if constexpr (ManyEntries<Object>)
      if (moves_) return move_rows(span_of);
    for (const std::int64_t span : stored_) tables_[span] = make(span, Table::Origin::kStored);
  }

 private:
  std::unique_ptr<Table> make(std::int64_t span, typename Table::Origin origin) {
    return std::make_unique<Table>(states_, state_name_, static_cast<std::uint64_t>(span), origin);
  }
  /// All at once: a number may mean one span before and another one now.
  template <class SpanOf>
  void move_rows(SpanOf&& span_of) {
    std::map<std::int64_t, std::unique_ptr<Table>> old;
    for (const std::int64_t span : stored_) {
      old[span] = make(span, Table::Origin::kStored);
      old[span]->pin();
    }
    for (const auto& [span, table] : old)
      states_.drop(state_id(states_.operator_name(), state_name_), static_cast<std::uint64_t>(span));
    for (const auto& [span, table] : old)
      table->for_each([&](const Key& key, const Object& rows) {
        rows.for_each([&](const auto& row, EventTime time, auto, bool matched) {
          at(span_of(time)).edit(hash_key(key), key).append(row, time, matched);
        });
      });
  }

  OperatorStates& states_;
  const std::string state_name_;
  const std::string layout_;
  std::map<std::int64_t, std::unique_ptr<Table>> tables_;
  Table* last_ = nullptr;
  std::int64_t last_span_ = 0;
  std::uint64_t version_ = 0;
  std::set<std::int64_t> stored_;  ///< what was encoded
  bool moves_ = false;             ///< under another layout
};

}  // namespace weir::detail
