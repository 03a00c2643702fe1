#pragma once

#include <functional>
#include <string>
#include <vector>

#include <weir/control/settings.hpp>
#include <weir/operators/pipeline.hpp>

namespace weir {

/// The whole of a pipeline's main(): gives it the command line that every pipeline has (`run`, `graph`, `check`, `config`,
/// `version`, `--help`; docs/configuration.md) and does what it says. `name` names the job: checkpoints, transactional ids and
/// consumer groups carry it, so keep it for as long as its state is to be used. Returns the exit code (docs/exit-codes.md); throws nothing.
int main(int argc, char** argv, const std::string& name, const std::function<void(Pipeline&)>& build);

/// The same for a pipeline with parameters of its own, which become flags, environment variables and keys of the file.
int main(int argc, char** argv, const std::string& name, std::vector<Parameter> parameters,
         const std::function<void(Pipeline&, const Settings&)>& build);

}  // namespace weir
