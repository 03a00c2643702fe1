// Pipelines whose state is larger than their memory, one for each main kind of state. Each row is one of `keys` keys' n-th, round by
// round, and says which: what is kept of a key is compared with that, and the only results are how many comparisons were right.

#include <array>
#include <string>
#include <string_view>
#include <tuple>

#include <weir/operators/interval_join.hpp>
#include <weir/operators/process.hpp>
#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Row {
  std::uint64_t key;
  std::uint64_t round;
  weir::EventTime time;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, round, time, text))

struct Verdict {
  std::int32_t right;
};
BOOST_DESCRIBE_STRUCT(Verdict, (), (right))

constexpr std::size_t kTextMost = 1024;

/// Text that tells keys apart, and does not compress to nothing.
std::string_view text_of(std::uint64_t key, std::size_t bytes, std::array<char, kTextMost>& text) {
  std::uint64_t random = key;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (i % 8 == 0) random = weir::detail::hash_u64(random + i);
    text[i] = static_cast<char>('a' + (random >> (i % 8 * 8) & 15));
  }
  return {text.data(), bytes};
}

bool is_text_of(std::uint64_t key, std::string_view text) {
  std::array<char, kTextMost> expected;
  return text == text_of(key, text.size(), expected);
}

// What a process function keeps of a key, one kind each: look(row) says whether all is there that rows before `row` have left.

struct Kept {
  std::uint64_t rows;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (rows, text))

struct InValue {
  weir::ValueState<Kept> state{"kept"};
  auto states() { return std::tie(state); }
  bool look(const Row& row) const {
    const Kept* kept = state.get();
    return kept ? kept->rows == row.round && is_text_of(row.key, kept->text) : row.round == 0;
  }
  void add(const Row& row) { state.set({row.round + 1, row.text}); }
};

struct InMap {
  weir::MapState<std::uint64_t, Kept> state{"kept"};
  auto states() { return std::tie(state); }
  bool look(const Row& row) const {
    std::uint64_t rows = 0;
    bool right = true;
    state.for_each([&](std::uint64_t round, const Kept& kept) {
      right = right && round == rows++ && is_text_of(row.key, kept.text);
    });
    return right && rows == row.round;
  }
  void add(const Row& row) { state.put(row.round, {row.round, row.text}); }
};

struct InList {
  weir::ListState<Kept> state{"kept"};
  auto states() { return std::tie(state); }
  bool look(const Row& row) const {
    std::uint64_t rows = 0;
    bool right = true;
    state.for_each([&](const Kept& kept, weir::EventTime) {
      right = right && kept.rows == rows++ && is_text_of(row.key, kept.text);
    });
    return right && rows == row.round;
  }
  void add(const Row& row) { state.add({row.round, row.text}); }
};

/// A timer a key, set by its first row: all is there when it fires, which it does an hour and a bit of its own after the row.
struct RemindOnce {
  weir::ValueState<Kept> state{"kept"};
  auto states() { return std::tie(state); }
  using Context = weir::KeyedContext<std::uint64_t, Verdict>;

  static weir::Duration delay_of(std::uint64_t key) {
    return 1h + weir::Duration{static_cast<std::int64_t>(key % 3'600'000)};
  }
  void process(const Row& row, Context& context) {
    const auto* kept = state.get();
    if (!kept) context.set_timer(row.time + delay_of(row.key));
    state.set({kept ? kept->rows : static_cast<std::uint64_t>(row.time.millis), row.text});
  }
  void on_timer(weir::EventTime time, Context& context) {
    const auto* kept = state.get();
    const bool right =
        kept && is_text_of(context.key(), kept->text) && time >= latest_ &&
        time == weir::EventTime{static_cast<std::int64_t>(kept->rows)} + delay_of(context.key());
    latest_ = time;
    context.emit({right ? 1 : 0});
    state.clear();
  }

 private:
  weir::EventTime latest_ = weir::EventTime::min();
};

/// Compares at a key's last row, or, where that costs no more, at each.
template <class State, bool kAtEach>
struct Keep : State {
  std::uint64_t last_round;
  void process(const Row& row, weir::KeyedContext<std::uint64_t, Verdict>& context) {
    const bool last = row.round == last_round;
    if (kAtEach || last) {
      const bool right = this->look(row);
      if (last || !right) context.emit({right ? 1 : 0});
    }
    this->add(row);
  }
};

/// About a hundred bytes a key.
struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t key = 0;
  std::array<std::uint64_t, 10> sums{};
};

}  // namespace

template <>
struct weir::StateCodec<std::array<std::uint64_t, 10>> {
  static void encode(std::string& out, const std::array<std::uint64_t, 10>& sums) {
    for (const std::uint64_t sum : sums) weir::detail::append_number(out, sum);
  }
  static std::array<std::uint64_t, 10> decode(StateReader& in) {
    std::array<std::uint64_t, 10> sums;
    for (std::uint64_t& sum : sums) sum = in.number<std::uint64_t>();
    return sums;
  }
  static std::string type() {
    return "{a:uint64,b:uint64,c:uint64,d:uint64,e:uint64,f:uint64,g:uint64,h:uint64,i:uint64,j:uint64}";
  }
};

namespace {

BOOST_DESCRIBE_STRUCT(Totals, (), (rows, key, sums))

struct TotalsOfKey {
  using Accumulator = Totals;
  std::uint64_t rounds;

  std::uint64_t lift(const Row& row) const { return row.key; }
  void add(Totals& totals, std::uint64_t key) const {
    ++totals.rows;
    totals.key = key;
    for (std::uint64_t& sum : totals.sums) sum += key;
  }
  void merge(Totals& totals, const Totals& other) const {
    totals.rows += other.rows;
    totals.key = other.key;
    for (std::size_t i = 0; i < totals.sums.size(); ++i) totals.sums[i] += other.sums[i];
  }
  Verdict result(std::uint64_t key, const weir::Window&, const Totals& totals) const {
    bool right = totals.rows == rounds && totals.key == key;
    for (const std::uint64_t sum : totals.sums) right = right && sum == rounds * key;
    return {right ? 1 : 0};
  }
};

/// The same for windows that begin with every round, and so contain some of the rounds only.
struct TotalsOfSlices : TotalsOfKey {
  weir::Duration slice;
  Verdict result(std::uint64_t key, const weir::Window& window, const Totals& totals) const {
    const auto ends_with = static_cast<std::uint64_t>(window.end.millis / slice.count());
    const std::uint64_t begins_behind = ends_with - std::min(ends_with, rounds);
    return TotalsOfKey{std::min(ends_with, rounds) - begins_behind}.result(key, window, totals);
  }
};

struct Shape {
  std::uint64_t keys;
  std::uint64_t rounds;
  std::size_t text_bytes;
  weir::Duration length;  ///< of the input, in event time
};

auto rows(weir::Pipeline& pipeline, const std::string& name, const Shape& shape) {
  return pipeline.source<Row>(name)
      .generated_by([shape](std::uint64_t n, std::uint64_t, weir::Arena& arena) {
        std::array<char, kTextMost> text;
        const std::uint64_t key = weir::detail::hash_u64(n % shape.keys);
        const std::uint64_t all = shape.keys * shape.rounds;
        const auto time =
            static_cast<std::int64_t>(n * static_cast<std::uint64_t>(shape.length.count()) / all);
        return Row{key, n / shape.keys, {time}, arena.copy(text_of(key, shape.text_bytes, text))};
      })
      .event_time(&Row::time, weir::monotonous())
      .align(100ms, "both");
}

template <class Verdicts>
void count(Verdicts&& verdicts) {
  verdicts.key_by(&Verdict::right)
      .window(weir::tumbling(std::chrono::hours{240'000}))
      .aggregate("count", weir::count())
      .sink("verdicts", "print:");
}

template <class State, bool kAtEach>
void keep(weir::Pipeline& pipeline, const Shape& shape) {
  Keep<State, kAtEach> function{};
  function.last_round = shape.rounds - 1;
  count(rows(pipeline, "rows", shape).key_by(&Row::key).process<Verdict>("keep", function));
}

void build(weir::Pipeline& pipeline, const std::string& kind, const Shape& shape) {
  if (kind == "backlog") return rows(pipeline, "rows", shape).sink("backlog", "");
  const TotalsOfKey totals{shape.rounds};
  if (kind == "values") return keep<InValue, true>(pipeline, shape);
  if (kind == "maps") return keep<InMap, false>(pipeline, shape);
  if (kind == "lists") return keep<InList, false>(pipeline, shape);
  if (kind == "windows")
    return count(rows(pipeline, "rows", shape)
                     .key_by(&Row::key)
                     .window(weir::tumbling(shape.length))
                     .aggregate("totals", totals));
  if (kind == "sliding") {
    const weir::Duration slice{shape.length / static_cast<std::int64_t>(shape.rounds)};
    return count(rows(pipeline, "rows", shape)
                     .key_by(&Row::key)
                     .window(weir::sliding(shape.length, slice))
                     .aggregate("totals", TotalsOfSlices{totals, slice}));
  }
  if (kind == "timers")
    return count(rows(pipeline, "rows", shape).key_by(&Row::key).process<Verdict>("remind", RemindOnce{}));
  if (kind == "sessions")
    return count(rows(pipeline, "rows", shape)
                     .key_by(&Row::key)
                     .window(weir::session(shape.length))
                     .aggregate("totals", totals));
  if (kind == "joins") {
    auto left = rows(pipeline, "rows", shape).key_by(&Row::key);
    auto right = rows(pipeline, "others", shape).key_by(&Row::key);
    // All rows of a side are kept until the last ones, and each has one partner, which comes at about the same time.
    return count(left.join(right)
                     .between(-shape.length, shape.length)
                     .template inner<Verdict>("join", [](const Row& a, const Row& b) {
                       return Verdict{a.key == b.key && is_text_of(a.key, a.text) && a.text == b.text ? 1
                                                                                                      : 0};
                     }));
  }
  throw weir::FailJob("--kind: there is no " + kind, weir::ExitCode::kUsage);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<weir::Parameter> parameters = {
      {"kind", weir::ParameterKind::kText, "values",
       "of state: values, maps, lists, windows, sliding, sessions, timers or joins; backlog: writes the "
       "rows"},
      {"keys", weir::ParameterKind::kInteger, "100000", "how many keys"},
      {"rounds", weir::ParameterKind::kInteger, "2", "rows of each key"},
      {"text-bytes", weir::ParameterKind::kInteger, "64", "text of each row"},
  };
  return weir::main(argc, argv, "beyond-memory", parameters,
                    [](weir::Pipeline& pipeline, const weir::Settings& settings) {
                      const Shape shape{static_cast<std::uint64_t>(settings.integer("keys")),
                                        static_cast<std::uint64_t>(settings.integer("rounds")),
                                        static_cast<std::size_t>(settings.integer("text-bytes")), 1h};
                      build(pipeline, settings.text("kind"), shape);
                    });
}
