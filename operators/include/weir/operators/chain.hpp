#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/failed_at.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/loose_text.hpp>
#include <weir/state/state_type.hpp>

namespace weir {

/// Keyed rows as they travel: the key, its hash, and what the operator behind the edge needs of the row.
template <class KeyType, class ValueType>
struct Keyed {
  using Key = KeyType;
  using Value = ValueType;
  std::uint64_t hash;
  Key key;
  [[no_unique_address]] Value value;
};
template <class Key, class Value>
inline constexpr bool kHoldsViews<Keyed<Key, Value>> = kHoldsViews<Key> || kHoldsViews<Value>;

/// Rows that begin with the hash of their key.
template <class Row>
concept HasKey = requires(const Row& row) {
  { row.hash } -> std::convertible_to<std::uint64_t>;
  StateCodec<std::remove_cvref_t<decltype(row.key)>>::type();
};

namespace detail {
/// A key as JSON, for people.
template <class Key>
std::string text_of_key(const Key& key) {
  std::string bytes, text;
  StateCodec<Key>::encode(bytes, key);
  StateReader in(bytes);
  append_json(text, StateType::parse(state_type<Key>()), in);
  return text;
}
}  // namespace detail

/// The key of such a row as JSON, for people.
template <HasKey Row>
std::string key_text(const void* row) {
  return detail::text_of_key(static_cast<const Row*>(row)->key);
}

template <class Key, class Value>
std::uint64_t ledger_hash(const Keyed<Key, Value>& row) {
  return row.hash;
}

/// What stages of a chain may use besides the row.
class ChainContext {
 public:
  /// For text that a stage makes: lives as long as the rows that leave the chain.
  Arena& arena() {
    if (!arena_) arena_ = ArenaRef::make();
    return *arena_;
  }
  const ArenaRef& used_arena() const { return arena_; }
  void release_arena() {
    if (arena_ && arena_->allocated_bytes() > 0) arena_ = ArenaRef();
  }

 private:
  ArenaRef arena_;
};

/// Stages of a chain: functions of (row, time, context, next) that call next(row, time) for every row they let through. Composed
/// at compile time, so that a whole chain is one inlined loop body.
namespace chain {

struct Identity {
  template <class Row, class Next>
  void operator()(const Row& row, EventTime time, ChainContext&, Next&& next) const {
    next(row, time);
  }
};

template <class Before, class Function>
struct Map {
  Before before;
  Function function;
  template <class Row, class Next>
  void operator()(const Row& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      if constexpr (std::invocable<const Function&, decltype(in), Arena&>)
        next(std::invoke(function, in, context.arena()), t);
      else next(std::invoke(function, in), t);
    });
  }
};

template <class Before, class Predicate>
struct Filter {
  Before before;
  Predicate predicate;
  template <class Row, class Next>
  void operator()(const Row& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      if (std::invoke(predicate, in)) next(in, t);
    });
  }
};

template <class Before, class Function, class Out>
struct FlatMap {
  Before before;
  Function function;
  template <class Row, class Next>
  void operator()(const Row& row, EventTime time, ChainContext& context, Next&& next) const {
    before(row, time, context, [&](const auto& in, EventTime t) {
      const auto collect = [&](Out out) { next(out, t); };
      if constexpr (std::invocable<const Function&, decltype(in), decltype(collect)>) function(in, collect);
      else function(in, collect, context.arena());
    });
  }
};

}  // namespace chain

/// Appends the rows that leave a chain to the batches of an edge.
template <class Row>
class EdgeAppender {
 public:
  /// `to`: the name of the vertex behind the edge.
  explicit EdgeAppender(Exchange& exchange, std::string to = {})
      : exchange_(exchange),
        to_(std::move(to)),
        open_(exchange.targets()),
        shared_(exchange.targets()),
        looked_at_(exchange.targets()) {}

  void begin(const Batch& source, const ChainContext& context) {
    source_ = &source;
    context_ = &context;
    for (std::uint32_t t = 0; t < open_.size(); ++t) {
      open_[t] = static_cast<RowBatch<Row>*>(&exchange_.open(t));
      shared_[t] = false;
      looked_at_[t] = open_[t]->size();
    }
  }
  void append(std::uint32_t target, Row row, EventTime time) {
    RowBatch<Row>& batch = *open_[target];
    if constexpr (kHoldsViews<Row>) {
      if (!shared_[target]) share(target);
    }
    batch.append(std::move(row), time);
    if (batch.full()) {
      if constexpr (kHoldsViews<Row>) finish(target);
      open_[target] = static_cast<RowBatch<Row>*>(&exchange_.ship(target));
      shared_[target] = false;
      looked_at_[target] = 0;
    }
  }
  void end() {
    if constexpr (kHoldsViews<Row>)
      for (std::uint32_t t = 0; t < open_.size(); ++t)
        if (shared_[t]) finish(t);
  }
  Exchange& exchange() const { return exchange_; }
  /// The batch that is being filled for a target; the rows in it have not left yet.
  RowBatch<Row>& open(std::uint32_t target) { return *open_[target]; }

 private:
  void share(std::uint32_t target) {
    open_[target]->share_arenas(*source_);
    shared_[target] = true;
  }
  /// A stage may have made its first text after rows were appended, so this comes last.
  void share_made_text(RowBatch<Row>& batch) {
    if (context_->used_arena()) batch.share(context_->used_arena());
  }
  /// The rows of a batch that came from this source are all there, and what keeps their text alive is known.
  void finish(std::uint32_t target) {
    RowBatch<Row>& batch = *open_[target];
    share_made_text(batch);
    if (!text_is_checked()) return;
    detail::LooseText loose(batch);
    for (std::size_t i = looked_at_[target]; i < batch.size(); ++i)
      if (loose.is_in(batch[i])) detail::fail_for_loose_text(to_, loose.field(), detail::type_name<Row>());
  }

  Exchange& exchange_;
  const std::string to_;
  std::vector<RowBatch<Row>*> open_;
  std::vector<bool> shared_;
  std::vector<std::size_t> looked_at_;  ///< rows that were there before this source's
  const Batch* source_ = nullptr;
  const ChainContext* context_ = nullptr;
};

/// A fused chain from rows of `In` into an edge of `Out`s: one virtual call a batch. `Place` says what becomes of a row that
/// leaves the chain: place(row, time, appender).
template <class In, class Out, class Chain, class Place>
class ChainConsumer final : public BatchConsumer {
 public:
  ChainConsumer(Exchange& exchange, Chain chain, Place place, std::string to = {})
      : appender_(exchange, std::move(to)), chain_(std::move(chain)), place_(std::move(place)) {}

  void consume(const Batch& rows) override {
    const auto& in = static_cast<const RowBatch<In>&>(rows);
    appender_.begin(in, context_);
    const In* row = in.data();
    const EventTime* time = in.times().data();
    for_each_row(0, in.size(), [&](std::size_t i) {
      chain_(row[i], time[i], context_, [this](const auto& out, EventTime t) { place_(out, t, appender_); });
    });
    appender_.end();
    context_.release_arena();
  }

 private:
  EdgeAppender<Out> appender_;
  ChainContext context_;
  Chain chain_;
  Place place_;
};

/// Places of rows on an edge.
namespace place {

struct Forward {
  template <class Row>
  void operator()(const Row& row, EventTime time, EdgeAppender<Row>& out) const {
    out.append(0, row, time);
  }
};

/// In turn, for even load.
struct Rebalance {
  std::uint32_t next = 0;
  template <class Row>
  void operator()(const Row& row, EventTime time, EdgeAppender<Row>& out) {
    if (++next >= out.exchange().targets()) next = 0;
    out.append(next, row, time);
  }
};

/// Every row to every worker.
struct Broadcast {
  template <class Row>
  void operator()(const Row& row, EventTime time, EdgeAppender<Row>& out) const {
    for (std::uint32_t target = 0; target < out.exchange().targets(); ++target) out.append(target, row, time);
  }
};

/// To the worker that owns the key's group, with what `lift` takes of the row.
template <class Key, class Value, class KeyOf, class Lift>
struct ByKey {
  KeyOf key_of;
  Lift lift;
  std::uint32_t targets = 0;
  std::uint32_t max_parallelism = 0;

  template <class Row>
  void operator()(const Row& row, EventTime time, EdgeAppender<Keyed<Key, Value>>& out) {
    Key key = std::invoke(key_of, row);
    const std::uint64_t hash = hash_key(key);
    if (targets == 0) {
      targets = out.exchange().targets();
      max_parallelism = out.exchange().max_parallelism();
    }
    const std::uint32_t target =
        targets == 1 ? 0 : worker_of(key_group_of(hash, max_parallelism), targets, max_parallelism);
    out.append(target, Keyed<Key, Value>{hash, std::move(key), lift(row)}, time);
  }
};

}  // namespace place

}  // namespace weir
