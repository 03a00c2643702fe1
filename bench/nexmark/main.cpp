// The queries of Nexmark, and the events they ask about:
//
//   nexmark queries
//   nexmark generate --events 200000 --rate 1000 --seed 42 -o events.jsonl
//   nexmark run --query q5 --source events=file:events.jsonl --sink 'results=file:out?format=jsonl'
//   nexmark run --query q5 --source 'events=generator:?events=10000000' --sink results=discard:
//   nexmark bench --queries q0,q5 --events 10000000 --parallelism 2 --state rocksdb --checkpoint-interval 1s
//   nexmark bench --latency 100000 --queries q0,q5 --parallelism 2
//   nexmark limit --queries q0,q5

#include <string_view>

#include "bench.hpp"
#include "generate.hpp"
#include "limit/limit.hpp"
#include "program.hpp"

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "queries") return nexmark::list_queries();
  if (command == "bench") return nexmark::bench(argc - 1, argv + 1);
  if (command == "limit") return nexmark::limit(argc - 1, argv + 1);
  if (command == "generate") return nexmark::generate(argc - 1, argv + 1);
  return weir::main(
      argc, argv, "nexmark", nexmark::parameters(),
      [](weir::Pipeline& pipeline, const weir::Settings& settings) { nexmark::build(pipeline, settings); });
}
