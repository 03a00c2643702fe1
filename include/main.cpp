#include <weir/main.hpp>

#include <malloc.h>

#include <weir/checkpoint/location.hpp>
#include <weir/connectors/connectors.hpp>
#include <weir/control/command_line.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

namespace weir {

namespace {

/// Makes what is freed count as free: --memory is a promise about the process. Large blocks (deltas, batches of files) go back to
/// the system at once, where glibc would raise its threshold to the largest it has seen and keep them; and few threads' heaps hold
/// what others could use. Each keeps a little at its end: one that grows and shrinks all the time would take its pages from the system and
/// give them back as often.
void give_memory_back() {
  constexpr int kLargeBytes = 512 * 1024;
  constexpr int kHeaps = 4;
  constexpr int kSpareBytes = 4 * 1024 * 1024;  // of a heap
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, 2 * kLargeBytes);
  mallopt(M_ARENA_MAX, kHeaps);
  mallopt(M_TOP_PAD, kSpareBytes);
}

}  // namespace

int main(int argc, char** argv, const std::string& name, const std::function<void(Pipeline&)>& build) {
  return main(argc, argv, name, {}, [&](Pipeline& pipeline, const Settings&) { build(pipeline); });
}

int main(int argc, char** argv, const std::string& name, std::vector<Parameter> parameters,
         const std::function<void(Pipeline&, const Settings&)>& build) {
  install_kill_points();
  give_memory_back();
  Program program;
  program.name = name;
  program.parameters = std::move(parameters);
  program.build = [&](const Settings& settings) {
    Pipeline pipeline(name);
    build(pipeline, settings);
    return pipeline.graph();
  };
  program.connectors = make_connectors();
  program.environment = make_real_environment;
  program.backend = [](const JobOptions& options) {
    // A quarter: the other parts are live objects, rings and clients.
    return make_rocksdb_backend({options.state_dir, options.memory_bytes / 4});
  };
  program.store = [](const JobOptions& options) {
    return make_store(options.checkpoint_dir, StoreClaim::kLater);
  };
  program.foreign_variables = {"WEIR_KILLPOINT", "WEIR_CYCLES", "WEIR_SEEDS"};
  return run_command_line(argc, argv, program);
}

}  // namespace weir
