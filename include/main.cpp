#include <weir/main.hpp>

#include <weir/checkpoint/location.hpp>
#include <weir/connectors/connectors.hpp>
#include <weir/control/command_line.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

namespace weir {

int main(int argc, char** argv, const std::string& name, const std::function<void(Pipeline&)>& build) {
  return main(argc, argv, name, {}, [&](Pipeline& pipeline, const Settings&) { build(pipeline); });
}

int main(int argc, char** argv, const std::string& name, std::vector<Parameter> parameters,
         const std::function<void(Pipeline&, const Settings&)>& build) {
  install_kill_points();
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
