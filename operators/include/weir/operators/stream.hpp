#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/core/job_graph.hpp>
#include <weir/operators/async_options.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/duplicates.hpp>
#include <weir/operators/iterate_options.hpp>
#include <weir/operators/join_kind.hpp>
#include <weir/operators/rate.hpp>
#include <weir/operators/table_options.hpp>
#include <weir/operators/top.hpp>
#include <weir/operators/window.hpp>
#include <weir/state/codec.hpp>

namespace weir {

template <class Row, class From, class Chain>
class Stream;

namespace detail {

/// Where streams write down what is said of them.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }
  JobGraph& graph() { return graph_; }
  VertexId add(std::string name, std::string description, decltype(Vertex::what) what);
  /// `name`, or `name` with the first number that makes it unique: for vertices without state that nobody names.
  std::string unique(const std::string& name) const;
  void connect(Edge edge) { graph_.edges.push_back(std::move(edge)); }

 private:
  JobGraph graph_;
};

std::string then(const std::string& chain, const char* stage);
std::string describe(Duration duration);

/// The row type of a stream after a stage.
template <class Function, class Row, bool kTakesRowAlone = std::invocable<const Function&, const Row&>>
struct Mapped {
  using Out = std::remove_cvref_t<std::invoke_result_t<const Function&, const Row&>>;
};
template <class Function, class Row>
struct Mapped<Function, Row, false> {
  using Out = std::remove_cvref_t<std::invoke_result_t<const Function&, const Row&, Arena&>>;
};

template <class Function, class Row>
concept RowFunction =
    std::invocable<const Function&, const Row&> || std::invocable<const Function&, const Row&, Arena&>;

/// Stands for the collector of a flat_map in checks of its lambda.
template <class Out>
struct AnyCollector {
  void operator()(Out) const {}
};

}  // namespace detail

template <class Row, class From, class Chain, class KeyOf>
class KeyedStream;
template <class GapOf>
class SessionWindows;
template <class Out, class Failed>
class AsyncStream;
template <class Row>
class Pattern;
struct Nothing;
namespace detail {
struct IgnoreTimedOut;
}

/// Rows of type `Row`, as they leave the stages `Chain` behind a vertex that gives rows of type `From`.
/// A value that says what is to be done; nothing runs before the job does. Stages between two vertices are fused; each consumer of a stream
/// runs the stages before it on its own: put opaque() behind costly ones that several consumers share.
template <class Row, class From = Row, class Chain = chain::Identity>
class Stream {
 public:
  using RowType = Row;

  Stream(detail::GraphBuilder& builder, VertexId vertex, std::uint32_t port, Chain stages,
         std::string description)
      : builder_(&builder),
        vertex_(vertex),
        port_(port),
        chain_(std::move(stages)),
        description_(std::move(description)) {}

  /// One row for each row: `function(const Row&)`, or `function(const Row&, weir::Arena&)` when it makes text, which it puts there:
  /// `arena.copy(text)`. Event times stay.
  template <class Function>
  auto map(Function function) const {
    static_assert(detail::RowFunction<Function, Row>,
                  "weir: map() takes a function of (const Row&), or of (const Row&, weir::Arena&), of this "
                  "stream's row type");
    using Out = typename detail::Mapped<Function, Row>::Out;
    using Next = chain::Map<Chain, Function>;
    return Stream<Out, From, Next>(*builder_, vertex_, port_, Next{chain_, std::move(function)},
                                   detail::then(description_, "map"));
  }

  /// Keeps the rows for which `predicate(const Row&)` holds.
  template <class Predicate>
  auto filter(Predicate predicate) const {
    static_assert(std::predicate<const Predicate&, const Row&>,
                  "weir: filter() takes a predicate of (const Row&) of this stream's row type");
    using Next = chain::Filter<Chain, Predicate>;
    return Stream<Row, From, Next>(*builder_, vertex_, port_, Next{chain_, std::move(predicate)},
                                   detail::then(description_, "filter"));
  }

  /// Any number of rows of type `Out` for each row: `function(const Row&, collect)` calls collect(out) for each; or
  /// `function(const Row&, collect, weir::Arena&)` when it makes text.
  template <class Out, class Function>
  auto flat_map(Function function) const {
    static_assert(
        std::invocable<const Function&, const Row&, detail::AnyCollector<Out>> ||
            std::invocable<const Function&, const Row&, detail::AnyCollector<Out>, Arena&>,
        "weir: flat_map<Out>() takes a function of (const Row&, auto&& collect) that calls collect(Out)");
    using Next = chain::FlatMap<Chain, Function, Out>;
    return Stream<Out, From, Next>(*builder_, vertex_, port_, Next{chain_, std::move(function)},
                                   detail::then(description_, "flat_map"));
  }

  /// Partitions by a key: a member, `&Flight::origin`, or a function of the row. All rows of a key meet on one worker, in order for each
  /// sender. A key is an integer, an enum, text or a described struct with operator==.
  template <class KeyOf>
  auto key_by(KeyOf key_of) const {
    static_assert(std::invocable<const KeyOf&, const Row&>,
                  "weir: key_by() takes a member of this stream's row type, or a function of (const Row&)");
    static_assert(
        std::equality_comparable<std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const Row&>>>,
        "weir: a struct that is a key needs operator==, which may be = default");
    return KeyedStream<Row, From, Chain, KeyOf>(*this, std::move(key_of));
  }

  /// Results of type `Out` that come from outside, many requests at a time (operators/async.hpp, docs/async.md).
  /// `start(const Row&, weir::AsyncResult<Out> result)` begins a request and returns at once; the result is completed or failed
  /// later, from any thread. `name` names the state.
  template <class Out, class Start, class OnFailure = FailTheJob>
  AsyncStream<Out, detail::AsyncFailed<OnFailure, Row>> async(const std::string& name, Start start,
                                                              AsyncOptions<OnFailure> options = {}) const;

  /// Joins each row with what a service outside knows of its key, remembered in a cache (operators/lookup.hpp, docs/async.md):
  /// `key_of(const Row&)`, `fetch(const Key&, weir::LookupResult<Value>)`, `join(const Row&, const Value*) -> Out`, with nullptr
  /// where there is no such key; with a weir::Arena& besides when it makes text. `name` names the state.
  template <class Out, class KeyOf, class Fetch, class Join, class OnFailure = FailTheJob>
  AsyncStream<Out, detail::AsyncFailed<OnFailure, Row>> lookup(const std::string& name, KeyOf key_of,
                                                               Fetch fetch, Join join,
                                                               LookupOptions<OnFailure> options = {}) const;

  /// Writes the rows to what `name` is bound to, by configuration or, failing that, by `default_address`.
  void sink(const std::string& name, const std::string& default_address = {}) const {
    static_assert(Described<Row>,
                  "weir: rows that reach a sink are structs described with BOOST_DESCRIBE_STRUCT");
    const VertexId to = builder_->add(name, "sink", SinkVertex{&row_schema<Row>(), default_address});
    connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  }

  /// Ties the stream's last stages to an input of vertex `to`, as rows of `Out`. For operators; pipelines use the calls above.
  template <class Out, class Place>
  void connect(VertexId to, std::uint32_t input, Partitioning partitioning, Place place) const {
    Edge edge;
    edge.from = vertex_;
    edge.port = port_;
    edge.to = to;
    edge.input = input;
    edge.partitioning = partitioning;
    edge.chain = description_;
    edge.make_batch = &make_batch<Out>;
    if constexpr (HasKey<Out>) edge.key_text = &key_text<Out>;
    edge.bind = [stages = chain_, place, name = builder_->graph().vertices[to].name](
                    Exchange& exchange) -> std::unique_ptr<BatchConsumer> {
      return std::make_unique<ChainConsumer<From, Out, Chain, Place>>(exchange, stages, place, name);
    };
    builder_->connect(std::move(edge));
  }
  detail::GraphBuilder& builder() const { return *builder_; }
  VertexId vertex() const { return vertex_; }

  /// Calls a function of your own for each row: `function.process(const Row&, ProcessContext<Out, Sides...>&)`, which emits any number of rows to
  /// its outputs. Side outputs are had by side<N>(). Keeps what its operator_states() keep: see operator_list_state.hpp. For state by key and
  /// timers see KeyedStream::process().
  template <class Out, class... Sides, class Function>
  auto process(const std::string& name, Function function) const;

  /// Joins each row with the row of a table under `key_of(const Row&)`, as it is when the row comes: `combine(const Row&, const TableRow&)`. Every
  /// worker holds the whole table; changes of it emit nothing. For tables of thousands of rows. `start`: once_complete(), for tables that are to
  /// be read first. Include table.hpp.
  template <class Table, class KeyOf, class Join>
  auto join_global(const std::string& name, const Table& table, KeyOf key_of, Join combine,
                   GlobalJoinStart start = {}) const {
    return joined_global<JoinKind::kInner>(name, table, std::move(key_of), std::move(combine), start);
  }
  /// The same, also for rows without one: `combine(const Row&, const TableRow*)`.
  template <class Table, class KeyOf, class Join>
  auto left_join_global(const std::string& name, const Table& table, KeyOf key_of, Join combine,
                        GlobalJoinStart start = {}) const {
    return joined_global<JoinKind::kLeft>(name, table, std::move(key_of), std::move(combine), start);
  }

  /// Rows of this stream and of others of the same row type, as they come. The watermark is the smallest of all. Include union.hpp.
  template <class... Others>
  Stream<Row> union_with(const Others&... others) const;
  /// Divides the stream by a selector: `auto [small, large] = rows.route<2>([](const Row& r) { return r.size > 9; })`. The selector gives
  /// the index of a route, an integer or an enum; an index that is none fails the job. All routes have the stream's watermark. For routes of
  /// different row types see process<A, B>(). Include route.hpp.
  template <std::size_t kRoutes, class Selector>
  auto route(Selector selector) const;
  /// Sends rows round a loop until they are done. `body(Stream<Row>)` gives a pair: the rows that go round again, of the same type, and the
  /// result: `rows.iterate("settle", [](auto looped) { … return std::pair(again, done); })`. `name` names the state, which is the rows in the
  /// loop. Include iterate.hpp; docs/operators.md says what checkpoints, watermarks and the end of the input mean to a loop.
  template <class Body>
  auto iterate(const std::string& name, Body body, IterateOptions options = {}) const;
  /// Deals the rows out to all workers in turn, so that uneven partitions become even load. Rows may overtake each other. This and the next
  /// two: include partitioning.hpp.
  Stream<Row> rebalance() const;
  /// Gives every row to every worker. What follows sees each row once a worker: a sink writes it as often as there are workers.
  Stream<Row> broadcast() const;
  /// Sends each row to the worker that `function(const Row&)` gives, modulo the number of workers; or `function(const Row&,
  /// std::uint32_t workers)`. For work that needs no keyed state: keyed state goes by key_by().
  template <class Function>
  Stream<Row> partition_by(Function function) const;
  /// Keeps about this fraction, 0 to 1, of the rows, by a hash of all that a row says, its time and the seed: the same rows in every
  /// run, after every restart, whatever the number of workers. Equal rows of one time share their fate. Include sample.hpp.
  auto sample(double fraction, std::uint64_t seed = 0) const;
  /// The same by a key, a member or a function of the row: all rows of a key are in the sample, or none.
  template <class KeyOf>
  auto sample_by(KeyOf key_of, double fraction, std::uint64_t seed = 0) const;

  /// Ends the chain here: what follows is compiled, and runs, as a task of its own.
  Stream<Row> opaque(const std::string& name) const;

 protected:
  template <JoinKind kKind, class Table, class KeyOf, class Join>
  auto joined_global(const std::string& name, const Table& table, KeyOf key_of, Join combine,
                     GlobalJoinStart start) const;

  detail::GraphBuilder* builder_;
  VertexId vertex_;
  std::uint32_t port_;
  Chain chain_;
  std::string description_;
};

namespace detail {

/// Passes rows on as they are.
template <class Row>
class PassOperator final : public Operator {
 public:
  explicit PassOperator(OperatorContext context) : outputs_(std::move(context.outputs)) {}
  void process(std::uint32_t, const Batch& rows) override {
    for (const auto& port : outputs_)
      for (const auto& consumer : port) consumer->consume(rows);
  }
  bool advance_watermark(EventTime) override { return true; }

 private:
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs_;
};

}  // namespace detail

template <class Row, class From, class Chain>
Stream<Row> Stream<Row, From, Chain>::opaque(const std::string& name) const {
  OperatorVertex vertex;
  vertex.make = [](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<detail::PassOperator<Row>>(std::move(context));
  };
  const VertexId to = builder_->add(name, "opaque", std::move(vertex));
  connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  return Stream<Row>(*builder_, to, 0, {}, {});
}

/// Rows partitioned by key.
template <class Row, class From, class Chain, class KeyOf>
class KeyedStream {
 public:
  using RowType = Row;
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const Row&>>;

  KeyedStream(Stream<Row, From, Chain> stream, KeyOf key_of)
      : stream_(std::move(stream)), key_of_(std::move(key_of)) {}

  /// Calls a function of your own for each row, with state and timers by key:
  ///   process(const Row&, KeyedContext<Key, Out, Sides...>&)       for each row, in the order in which they come
  ///   on_timer(EventTime, KeyedContext&)                when the watermark has reached a timer; optional
  ///   on_processing_timer(EventTime, KeyedContext&)     when the wall clock has; optional
  ///   states()                                          std::tie of its ValueState, ListState, MapState, … members; optional
  ///   operator_states()                                 std::tie of its SplitListState and UnionListState members; optional
  /// Emits what the function emits, when it does. Keeps what its states keep, until it clears them or they expire. After a restart states and timers are as
  /// they were at the checkpoint; other members are as they were given here. `name` names the state.
  template <class Out, class... Sides, class Function>
  auto process(const std::string& name, Function function) const;
  /// The rows as a table: the last one of each key counts, or as the options say. `name` names the state. Include table.hpp.
  template <class DeletedWhen = NeverDeleted>
  auto to_table(const std::string& name, TableOptions<DeletedWhen> options = {}) const;
  /// A table of results by key over all rows so far, without windows: a change for each row, or as the options say. `result(accumulator)`, or
  /// `result(key, accumulator)`. State: an accumulator a key, for ever but for expire_after(). `name` names the state. Include table.hpp.
  template <class A>
  auto aggregate(const std::string& name, A aggregate, TableOptions<> options = {}) const;
  /// Joins another keyed stream for a function of both: `.connect_with(right).process<Out>("name", function)`. Include process.hpp.
  template <class Right>
  auto connect_with(Right right) const;
  /// Gives every worker the rows of another stream, for a function of both: `.connect_broadcast(rules).process<Out>("name", function)`.
  template <class Rules>
  auto connect_broadcast(Rules rules) const;

  /// Drops rows of a key that come again within a time. `deduplicate("once", 10min)`, or first_within(10min): of rows that lie less than
  /// ten minutes of event time apart, before or after, the one that comes first passes, at once. last_within(10min): a key's first row begins a
  /// span of ten minutes; the last row in it passes when the watermark reaches the span's end, with that as its time. The result's late() are
  /// rows behind the watermark. `name` names the state. Include deduplicate.hpp.
  auto deduplicate(const std::string& name, Duration within) const;
  auto deduplicate(const std::string& name, FirstWithin keep) const;
  auto deduplicate(const std::string& name, LastWithin keep) const;

  /// How the first n rows of each key change, as TopChange<Row>: `top_n("best", weir::top(3, &Bid::price))`, or top(…).smallest(). A row that
  /// comes among them is added, the one that it displaces is removed, at once; with_ranks() also tells of rows whose rank changes, and
  /// upserts() only which row each rank has now. Keeps n rows a key, for ever. `name` names the state. This and the next: include top_n.hpp.
  template <class By>
  auto top_n(const std::string& name, Top<By> top) const;
  /// The first n rows of each key in each window of tumbling() or calendar_days(), once, when it closes, as WindowTop<Row>. The result's late() are rows behind that.
  template <class By>
  auto top_n(const std::string& name, AlignedWindows<> windows, Top<By> top) const;

  /// Lets rows of each key pass at a rate of processing time, `throttle("calls", per_second(10).burst(5))`, in order, and holds the others
  /// back, and with them the watermark. A full queue stops the input, checkpoints included. At the end of the input the rest passes at once.
  /// `name` names the state: the rows that wait. Include throttle.hpp.
  Stream<Row> throttle(const std::string& name, Rate rate) const;

  /// Finds a pattern in each key's rows, in order of event time: `detect<Out>("fraud", pattern, [](const Match<Row>& m) { return Out{…}; })`. A
  /// row takes part once the watermark has reached it; the result's late() are rows behind it. detect<Out, TimedOut>(name, pattern,
  /// on_match, on_timed_out) also gives timed_out(). `name` names the state: rows that wait, and partial matches. Include pattern.hpp.
  template <class Out, class TimedOut = Nothing, class OnMatch, class OnTimedOut = detail::IgnoreTimedOut>
  auto detect(const std::string& name, const Pattern<Row>& pattern, OnMatch on_match,
              OnTimedOut on_timed_out = {}) const;

  /// Cuts each key's rows into windows: tumbling(), sliding(), cumulative(), calendar_days(). What follows says what becomes of
  /// them: aggregate(), reduce() or process() (windowed_keys.hpp).
  template <bool kEarly>
  auto window(AlignedWindows<kEarly> windows) const;

  /// Cuts each key's rows into sessions: session(gap), session_processing_time(gap). What follows says what becomes of them
  /// (session_keys.hpp).
  template <class GapOf>
  auto window(SessionWindows<GapOf> windows) const;
  /// Puts each row into the windows that an assigner gives it: global(), tumbling_processing_time(), or one of your own, a function
  /// of (EventTime, const Row&) that gives windows. A trigger says when they fire (triggered_keys.hpp).
  template <class Assigner>
  auto window(Assigner assigner) const;
  /// Cuts each key's rows into windows of `size` rows, one after the other; with a slide, into windows of the last `size` rows, one every
  /// `slide` rows (count_keys.hpp).
  auto count_window(std::size_t size) const;
  auto count_window(std::size_t size, std::size_t slide) const;

  /// Joins another keyed stream, row with row: `.join(right).window(weir::tumbling(10s))` or `.join(right).between(-5s, 10s)`, then
  /// `.inner<Out>("name", function)`, or left, right, full. Include window_join.hpp or interval_join.hpp; docs/joins.md.
  template <class Right>
  auto join(Right right) const;
  /// Joins each row with the row of its key in `versions` that was valid at its event time; then `.inner<Out>("name", function)` or left.
  /// Include temporal_join.hpp.
  template <class Versions>
  auto join_as_of(Versions versions) const;
  /// The same with the row that is there when this stream's row comes, whatever their times.
  template <class Versions>
  auto join_latest(Versions versions) const;

  /// Ties the rows to an input of vertex `to` as Keyed<Key, Value>: the key, and what `lift(row)` takes of each row. For operators.
  template <class Value, class Lift>
  void connect(VertexId to, std::uint32_t input, Lift lift) const {
    using Place = place::ByKey<Key, Value, KeyOf, Lift>;
    stream_.template connect<Keyed<Key, Value>>(to, input, Partitioning::kKeyed, Place{key_of_, lift});
  }
  detail::GraphBuilder& builder() const { return stream_.builder(); }
  const Stream<Row, From, Chain>& stream() const { return stream_; }
  const KeyOf& key_of() const { return key_of_; }

 private:
  Stream<Row, From, Chain> stream_;
  KeyOf key_of_;
};

}  // namespace weir
