// Rows a second through two generators → key_by → interval join → discard, by number of keys, kind of join and state backend. Each
// left row has about one partner. Prints one row a configuration; each is run several times, and the median is shown with minimum and
// maximum.
//
//   build/release/bench/interval_join --rows 10000000 --runs 3

#include <chrono>

#include <weir/operators/interval_join.hpp>

#include "join_bench.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::Click;
using weir::bench::Joined;
using weir::bench::View;

/// 1,000 rows a side and second of event time for each thousand keys: a key has a row a second.
weir::JobGraph pipeline(std::uint64_t keys, bool outer) {
  weir::Pipeline pipeline("interval-join");
  const auto per_ms = keys / 1'000;
  auto views = weir::bench::views(pipeline, keys, per_ms).key_by(&View::user);
  auto clicks = weir::bench::clicks(pipeline, keys, per_ms).key_by(&Click::user);
  const auto join = views.join(clicks).between(-500ms, 500ms);
  if (outer)
    join.left<Joined>("join",
                      [](const View* v, const Click* c) {
                        return Joined{v->user, v->page, c ? c->button : 0};
                      })
        .sink("joined", "discard:");
  else
    join.inner<Joined>("join",
                       [](const View& v, const Click& c) {
                         return Joined{v.user, v.page, c.button};
                       })
        .sink("joined", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  weir::bench::JoinBench bench("Rows a second through an interval join", "weir-interval-join");
  if (const int exit = bench.parse(argc, argv)) return exit;
  for (const std::uint64_t keys : {std::uint64_t{10'000}, std::uint64_t{1'000'000}})
    for (const bool outer : {false, true})
      for (const auto state : {weir::StateMode::kHeap, weir::StateMode::kRocksDb})
        bench.report(outer ? "left" : "inner", keys, state, [&] { return pipeline(keys, outer); });
}
