#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/hash.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/state/codec.hpp>

namespace weir {

/// What travels of a table: one key's row before and after. Absent before: the key is new. Absent after: it is gone. Never are both absent,
/// nor both the same; `before` is the `after` of the key's change before; the event times of a key's changes do not go back.
template <class KeyType, class RowType>
struct Change {
  using Key = KeyType;
  using Row = RowType;
  KeyType key;
  std::optional<RowType> before;
  std::optional<RowType> after;
  BOOST_DESCRIBE_CLASS(Change, (), (key, before, after), (), ())
};

template <class Key, class Row>
std::uint64_t ledger_hash(const Change<Key, Row>& change) {
  return hash_key(change.key);
}

namespace detail {

/// Whether two values are the same in state: by their encoded bytes.
template <class T>
bool same_bytes(const T& a, const T& b) {
  thread_local std::string left, right;
  left.clear();
  right.clear();
  StateCodec<T>::encode(left, a);
  StateCodec<T>::encode(right, b);
  return left == right;
}

/// Emits what has become of a key, unless it is what it was. Rows are kept encoded in between, since what they point to may change.
template <class Key, class Row>
class ChangeEmitter {
 public:
  explicit ChangeEmitter(OperatorContext& context) : emitter_(context, 0) {}

  void before(const std::optional<Row>& row) { encode(before_, row); }
  void after(const std::optional<Row>& row) { encode(after_, row); }
  bool changed() const { return before_ != after_; }
  bool is_absent_after() const { return after_.front() == '\0'; }
  /// Emits the change from before() to after(), if it is one.
  void emit(const Key& key, EventTime time) {
    if (!changed()) return;
    Change<Key, Row> change{key, decode(before_), decode(after_)};
    if constexpr (kHoldsViews<Key>) own_text(change.key, emitter_.arena());
    emitter_.emit(std::move(change), time);
    ++emitted_;
  }
  /// Since the call began.
  std::size_t emitted() const { return emitted_; }
  void end_of_call() {
    emitter_.flush();
    emitted_ = 0;
  }

 private:
  static void encode(std::string& to, const std::optional<Row>& row) {
    to.clear();
    StateCodec<std::optional<Row>>::encode(to, row);
  }
  std::optional<Row> decode(const std::string& from) {
    if constexpr (kHoldsViews<Row>) {
      StateReader in(from, emitter_.arena());
      return StateCodec<std::optional<Row>>::decode(in);
    } else {
      StateReader in(from);
      return StateCodec<std::optional<Row>>::decode(in);
    }
  }

  Emitter<Change<Key, Row>> emitter_;
  std::string before_, after_;
  std::size_t emitted_ = 0;
};

/// What a function of (row), (key, row), or one of these with an arena, makes of a row.
template <class Function, class Key, class Row>
auto table_mapped(const Function& function, const Key& key, const Row& row, ChainContext& context) {
  if constexpr (std::is_invocable_v<const Function&, const Row&>) return std::invoke(function, row);
  else if constexpr (std::is_invocable_v<const Function&, const Row&, Arena&>)
    return std::invoke(function, row, context.arena());
  else if constexpr (std::is_invocable_v<const Function&, const Key&, const Row&>)
    return std::invoke(function, key, row);
  else return std::invoke(function, key, row, context.arena());
}

}  // namespace detail

namespace chain {

/// Keeps of a table the rows for which a predicate of (row), or (key, row), holds.
template <class Before, class Predicate>
struct FilterTable {
  Before before;
  Predicate predicate;

  template <class C, class Next>
  void operator()(const C& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      auto out = in;
      if (out.before && !holds(in.key, *in.before)) out.before.reset();
      if (out.after && !holds(in.key, *in.after)) out.after.reset();
      if (out.before || out.after) next(out, t);
    });
  }
  template <class Key, class Row>
  bool holds(const Key& key, const Row& row) const {
    if constexpr (std::is_invocable_v<const Predicate&, const Row&>) return std::invoke(predicate, row);
    else return std::invoke(predicate, key, row);
  }
};

/// Gives a table other rows: a function of (row), (key, row), or one of these with an arena at the end.
template <class Before, class Function, class Out>
struct MapTable {
  Before before;
  Function function;

  template <class C, class Next>
  void operator()(const C& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      using Key = typename std::remove_cvref_t<decltype(in)>::Key;
      Change<Key, Out> out{in.key, {}, {}};
      if (in.before) out.before.emplace(detail::table_mapped(function, in.key, *in.before, context));
      if (in.after) out.after.emplace(detail::table_mapped(function, in.key, *in.after, context));
      if (!detail::same_bytes(out.before, out.after)) next(out, t);
    });
  }
};

}  // namespace chain

namespace place {

/// To the same worker, where the key is already, with what `lift` takes of the change.
template <class Key, class Value, class Lift>
struct ByTableKey {
  Lift lift;
  template <class Row>
  void operator()(const Row& change, EventTime time, EdgeAppender<Keyed<Key, Value>>& out) const {
    out.append(0, Keyed<Key, Value>{hash_key(change.key), change.key, lift(change)}, time);
  }
};

/// To the workers of other keys: `spread(change, send)` calls send(key, value) for each that the change concerns.
template <class Key, class Value, class Spread>
struct Spreading {
  Spread spread;
  std::uint32_t targets = 0;
  std::uint32_t max_parallelism = 0;

  template <class Row>
  void operator()(const Row& change, EventTime time, EdgeAppender<Keyed<Key, Value>>& out) {
    if (targets == 0) {
      targets = out.exchange().targets();
      max_parallelism = out.exchange().max_parallelism();
    }
    spread(change, [&](Key key, Value value) {
      const std::uint64_t hash = hash_key(key);
      const std::uint32_t target = worker_of(key_group_of(hash, max_parallelism), targets, max_parallelism);
      out.append(target, Keyed<Key, Value>{hash, std::move(key), std::move(value)}, time);
    });
  }
};

}  // namespace place

}  // namespace weir
