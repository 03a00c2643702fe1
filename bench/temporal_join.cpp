// Rows a second through two generators → key_by → as-of or latest join → discard, by number of keys and state backend. As many versions
// as rows that are joined with them. Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/temporal_join --rows 10000000 --runs 3

#include <weir/operators/temporal_join.hpp>

#include "join_bench.hpp"

namespace {

using weir::bench::Click;
using weir::bench::Joined;
using weir::bench::View;

weir::JobGraph pipeline(std::uint64_t keys, bool latest) {
  weir::Pipeline pipeline("temporal-join");
  auto views = weir::bench::views(pipeline, keys, 1'000).key_by(&View::user);
  auto clicks = weir::bench::clicks(pipeline, keys, 1'000).key_by(&Click::user);
  const auto joined = [](const View& v, const Click& c) { return Joined{v.user, v.page, c.button}; };
  if (latest) views.join_latest(clicks).inner<Joined>("join", joined).sink("joined", "discard:");
  else views.join_as_of(clicks).inner<Joined>("join", joined).sink("joined", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  weir::bench::JoinBench bench("Rows a second through temporal joins", "weir-temporal-join");
  if (const int exit = bench.parse(argc, argv)) return exit;
  for (const std::uint64_t keys : {std::uint64_t{10'000}, std::uint64_t{1'000'000}})
    for (const bool latest : {false, true})
      for (const auto state : {weir::StateMode::kHeap, weir::StateMode::kRocksDb})
        bench.report(latest ? "latest" : "as of", keys, state, [&] { return pipeline(keys, latest); });
}
