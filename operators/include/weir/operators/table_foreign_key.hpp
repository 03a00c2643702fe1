#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/assert.hpp>
#include <weir/operators/change.hpp>
#include <weir/operators/table_logic.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>

/// A join of a table with another one that its rows refer to. Three vertices:
///
///   left table → versions ─┬─ by foreign key ──────────→ matches ── by left key ─→ answers → joined table
///                          └─ the same worker ─────────────────────────────────────↗
///   right table ───────────── the same worker ─────────↗
///
/// `versions` numbers the left table's changes. `matches` keeps, by foreign key, the right row and the left rows that refer to it, and answers each
/// change of either. Answers about an old foreign key may arrive after those about the new one, from another worker; so each carries the
/// version of the left row that it is about, and `answers`, which hears of every version from its own worker, in order, takes only those about
/// the current one. A version that is higher than every one heard of is early, and waits; a lower one that is not current is outdated.
/// Source: the race is that of Kafka's KIP-213, which tells answers apart by a hash of the left row.
namespace weir::detail {

template <class KeyType, class RowType>
struct VersionedChange {
  using Key = KeyType;
  using Row = RowType;
  KeyType key;
  std::optional<RowType> before;
  std::optional<RowType> after;
  std::uint64_t version = 0;
  BOOST_DESCRIBE_CLASS(VersionedChange, (), (key, before, after, version), (), ())
};

/// Numbers the changes of a worker's rows. Its state is the next number.
template <class Key, class Row>
class VersionsOperator final : public Operator {
 public:
  explicit VersionsOperator(OperatorContext context)
      : states_(context), emitter_(context, 0), watermark_(states_.restored_watermark()) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Change<Key, Row>>&>(batch);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if constexpr (kHoldsViews<Change<Key, Row>>) {
        if (emitter_.batch().empty()) emitter_.batch().share_arenas(rows);
      }
      emitter_.emit({rows[i].key, rows[i].before, rows[i].after, states_.next_sequence()}, rows.time(i));
    }
    emitter_.flush();
  }
  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  OperatorStates states_;
  Emitter<VersionedChange<Key, Row>> emitter_;
  EventTime watermark_;
};

/// A left row on its way to the worker of its foreign key; without a row: it does not refer to this key any more.
template <class LeftKey, class Left>
struct Reference {
  LeftKey key;
  std::uint64_t version = 0;
  std::optional<Left> row;
  BOOST_DESCRIBE_CLASS(Reference, (), (key, version, row), (), ())
};

template <class LeftKey, class Out>
struct Answer {
  using Key = LeftKey;
  LeftKey key;
  std::uint64_t version = 0;
  std::optional<Out> row;
  BOOST_DESCRIBE_CLASS(Answer, (), (key, version, row), (), ())
};

template <class Left>
struct ReferringRow {
  std::uint64_t version = 0;
  Left row{};
  BOOST_DESCRIBE_CLASS(ReferringRow, (), (version, row), (), ())
};

/// Keeps the right table's rows, and for each key the left rows that refer to it; answers every change. A right row may have any number
/// of left rows: they are answered in portions, and no rows are taken meanwhile.
template <JoinKind kKind, class LeftKey, class Left, class RightKey, class Right, class Join>
class MatchesOperator final : public Operator {
 public:
  using Out = JoinedRow<kKind, Join, Left, Right>;
  using FromLeft = Keyed<RightKey, Reference<LeftKey, Left>>;
  using FromRight = Keyed<RightKey, std::optional<Right>>;
  using Lefts = OrderedMap<LeftKey, ReferringRow<Left>>;

  MatchesOperator(OperatorContext context, const Join& join)
      : states_(context),
        rights_(states_, "right"),
        lefts_(states_, "left by foreign key"),
        join_(join),
        emitter_(context, 0),
        watermark_(states_.restored_watermark()) {}

  static std::vector<StateDescription> describe() {
    return {{"right", state_type<RightKey>(), state_type<Right>()},
            {"left by foreign key", state_type<RightKey>(),
             "map<" + state_type<LeftKey>() + "," + state_type<ReferringRow<Left>>() + ">"}};
  }

  void process(std::uint32_t input, const Batch& batch) override {
    WEIR_ASSERT(!backlog_, "rows have come while answers were waiting");
    if (input == 0) take_left(static_cast<const RowBatch<FromLeft>&>(batch));
    else take_right(static_cast<const RowBatch<FromRight>&>(batch));
    end_of_call();
  }
  bool accepts_rows() const override { return !backlog_; }
  EventTime next_processing_time() const override { return backlog_ ? EventTime::min() : EventTime::max(); }
  bool advance_processing_time(EventTime) override { return work_off(); }
  bool end_of_input() override { return work_off(); }
  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return work_off();
  }
  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  using Cursor = std::remove_cvref_t<decltype(OrderedCodec<LeftKey>::decode(std::declval<StateReader&>()))>;
  /// Right rows that have come and are not answered yet.
  struct Backlog {
    RowBatch<FromRight> rows;
    std::size_t next = 0;
    std::optional<Cursor> next_left;  ///< of row `next`, the left key to be answered next; none: not begun
  };

  void take_left(const RowBatch<FromLeft>& rows) {
    rights_.fetch(rows.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& [hash, key, reference] = rows[i];
      if (reference.row) {
        lefts_.edit(hash, key).put(reference.key, {reference.version, *reference.row});
        answer(reference.key, reference.version, *reference.row, right_of(hash, key), rows.time(i));
      } else if (Lefts* lefts = lefts_.edit_if(hash, key)) {
        lefts->erase(reference.key);
        if (lefts->empty()) lefts_.erase(hash, key);
      }
    }
  }
  void take_right(const RowBatch<FromRight>& rows) {
    rights_.fetch(rows.rows());
    std::optional<Cursor> next;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (answer_all(rows[i], rows.time(i), next)) continue;
      backlog_ = std::make_unique<Backlog>();
      backlog_->rows.share_arenas(rows);
      for (; i < rows.size(); ++i) backlog_->rows.append(rows[i], rows.time(i));
      backlog_->next_left = std::move(next);
      return;
    }
  }
  bool work_off() {
    if (!backlog_) return true;
    while (backlog_->next < backlog_->rows.size()) {
      const std::size_t i = backlog_->next;
      if (!answer_all(backlog_->rows[i], backlog_->rows.time(i), backlog_->next_left)) break;
      ++backlog_->next;
    }
    if (backlog_->next == backlog_->rows.size()) backlog_.reset();
    end_of_call();
    return !backlog_;
  }

  /// Answers all left rows of a right row, or as many as may be emitted; from the last to the first, going on with `next`.
  bool answer_all(const FromRight& row, EventTime time, std::optional<Cursor>& next) {
    if (!next) set_right(row);
    const Lefts* lefts = lefts_.find(row.hash, row.key);
    if (!lefts) return true;
    if (!next) lefts->for_each([&](auto&& key, const auto&) { next = key; });
    const Cursor from = *std::exchange(next, std::nullopt);
    const Right* right = right_of(row.hash, row.key);
    lefts->for_each_back_from(LeftKey(from), [&](const auto& key, const ReferringRow<Left>& left) -> bool {
      if (emitted_ >= kEmitAtMost) {
        next = key;
        return false;
      }
      answer(LeftKey(key), left.version, left.row, right, time);
      return true;
    });
    return !next;
  }
  void set_right(const FromRight& row) {
    if (row.value) rights_.edit(row.hash, row.key).set(*row.value);
    else rights_.erase(row.hash, row.key);
  }
  const Right* right_of(std::uint64_t hash, const RightKey& key) {
    const Owned<Right>* right = rights_.find(hash, key);
    return right ? &right->get() : nullptr;
  }
  void answer(const LeftKey& key, std::uint64_t version, const Left& left, const Right* right,
              EventTime time) {
    Answer<LeftKey, Out> answer{key, version, {}};
    if (right || kKind == JoinKind::kLeft) answer.row.emplace(joined<kKind>(join_, &left, right));
    if constexpr (kHoldsViews<Answer<LeftKey, Out>>) own_text(answer, emitter_.arena());
    emitter_.emit(std::move(answer), time);
    ++emitted_;
  }
  void end_of_call() {
    emitter_.flush();
    emitted_ = 0;
    states_.settle();
  }

  OperatorStates states_;
  KeyedTable<RightKey, Owned<Right>> rights_;
  KeyedTable<RightKey, Lefts> lefts_;
  const Join join_;
  Emitter<Answer<LeftKey, Out>> emitter_;
  EventTime watermark_;
  std::unique_ptr<Backlog> backlog_;
  std::size_t emitted_ = 0;
};

/// What `answers` hears of a left row from its own worker: its version, and its result where no right row is needed for that.
template <class Out>
struct Notice {
  std::uint64_t version = 0;
  bool exists = false;
  bool answered = false;
  std::optional<Out> row;
  BOOST_DESCRIBE_CLASS(Notice, (), (version, exists, answered, row), (), ())
};

template <class Out>
struct Versioned {
  std::uint64_t version = 0;
  EventTime time;
  std::optional<Out> row;
  BOOST_DESCRIBE_CLASS(Versioned, (), (version, time, row), (), ())
};

/// Emits the joined rows. State: the last result of every left row, with its version.
template <class Key, class Out>
class AnswersOperator final : public Operator {
 public:
  explicit AnswersOperator(OperatorContext context)
      : states_(context),
        results_(states_, "results"),
        early_(states_, "early answers"),
        emitter_(context),
        watermark_(states_.restored_watermark()) {
    for (const auto& part : states_.restored_parts()) {
      StateReader in(part.extra);
      heard_ = std::max(heard_, in.template number<std::uint64_t>());
    }
  }

  static std::vector<StateDescription> describe() {
    return {{"results", state_type<Key>(), state_type<Versioned<Out>>()},
            {"early answers", state_type<Key>(), state_type<Versioned<Out>>()}};
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, Notice<Out>>>&>(batch);
      results_.fetch(rows.rows());
      for (std::size_t i = 0; i < rows.size(); ++i)
        hear(rows[i].hash, rows[i].key, rows[i].value, rows.time(i));
    } else {
      const auto& rows = static_cast<const RowBatch<Keyed<Key, Versioned<Out>>>&>(batch);
      results_.fetch(rows.rows());
      for (std::size_t i = 0; i < rows.size(); ++i)
        take(rows[i].hash, rows[i].key, rows[i].value, rows.time(i));
    }
    emitter_.end_of_call();
    states_.settle();
  }
  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override {
    std::string heard;
    append_number(heard, heard_);
    states_.seal(writer, watermark_, heard);
  }

 private:
  void hear(std::uint64_t hash, const Key& key, const Notice<Out>& notice, EventTime time) {
    heard_ = std::max(heard_, notice.version);
    std::optional<Versioned<Out>> early;
    Owned<Versioned<Out>> kept;
    if (const auto* found = early_.find(hash, key)) {
      if (found->get().version <= notice.version) {
        kept = *found;
        if (kept.get().version == notice.version && notice.exists) early = kept.get();
        early_.erase(hash, key);
      }
    }
    if (!notice.exists) {
      show(hash, key, 0, std::nullopt, time);
      results_.erase(hash, key);
    } else if (notice.answered) {
      show(hash, key, notice.version, notice.row, time);
    } else if (early) {
      show(hash, key, notice.version, early->row, std::max(time, early->time));
    } else {
      renumber(hash, key, notice.version, time);
    }
  }
  void take(std::uint64_t hash, const Key& key, const Versioned<Out>& answer, EventTime time) {
    if (answer.version > heard_) {
      auto& early = early_.edit(hash, key);
      if (answer.version >= early.get().version) early.set({answer.version, time, answer.row});
      return;
    }
    const auto* current = results_.find(hash, key);
    if (current && current->get().version == answer.version)
      show(hash, key, answer.version, answer.row, time);
  }
  /// The row is a new one; its result stays until the answer has come.
  void renumber(std::uint64_t hash, const Key& key, std::uint64_t version, EventTime time) {
    auto& result = results_.edit(hash, key);
    Versioned<Out> changed = result.get();
    changed.time = changed.version == 0 ? time : std::max(changed.time, time);
    changed.version = version;
    result.set(changed);
  }
  void show(std::uint64_t hash, const Key& key, std::uint64_t version, const std::optional<Out>& row,
            EventTime time) {
    auto& result = results_.edit(hash, key);
    if (result.get().version != 0) time = std::max(time, result.get().time);
    emitter_.before(result.get().row);
    emitter_.after(row);
    emitter_.emit(key, time);
    result.set({version, time, row});
  }

  OperatorStates states_;
  KeyedTable<Key, Owned<Versioned<Out>>> results_;
  KeyedTable<Key, Owned<Versioned<Out>>> early_;
  ChangeEmitter<Key, Out> emitter_;
  std::uint64_t heard_ = 0;  ///< the highest version heard of
  EventTime watermark_;
};

}  // namespace weir::detail
