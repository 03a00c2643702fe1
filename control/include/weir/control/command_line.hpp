#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/control/settings.hpp>
#include <weir/core/connector.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// A job as the command line sees it; Job itself, or what a test puts in its place. Threads as for Job.
class RunningJob {
 public:
  virtual ~RunningJob() = default;
  virtual ExitCode run() = 0;
  virtual void stop() = 0;
  virtual JobStatus status() const = 0;
};

using JobMaker = std::function<std::unique_ptr<RunningJob>(JobGraph, JobOptions, JobWorld)>;

/// Makes the real one: a Job.
std::unique_ptr<RunningJob> make_running_job(JobGraph graph, JobOptions options, JobWorld world);

/// A pipeline and what it is run with: everything a command line needs.
struct Program {
  std::string name;                   ///< of the job: letters, digits, `.`, `_` and `-`
  std::string description;            ///< one line for --help; may be empty
  std::vector<Parameter> parameters;  ///< what build() asks for
  std::function<JobGraph(const Settings&)> build;
  ConnectorsFactory connectors;
  std::function<std::unique_ptr<Environment>()> environment;
  std::function<std::unique_ptr<StateBackend>(const JobOptions&)> backend;
  std::function<std::unique_ptr<CheckpointStore>(const JobOptions&)> store;
  JobMaker make_job = make_running_job;
  /// WEIR_ variables that something else in the process reads; all other unknown ones are refused.
  std::vector<std::string> foreign_variables = {};
};

/// What a command line touches of its process. Tests bring their own.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  std::map<std::string, std::string> variables;  ///< the process' environment
  bool err_is_terminal = false;                  ///< whether someone may be watching a progress line
  std::size_t columns = 80;                      ///< width of that terminal
  std::string directory = ".";                   ///< where weir.yaml is looked for

  /// Answers go to `out`, everything else to stderr.
  static Terminal of_process(std::ostream& out);
};

/// Everything after main(): reads flags, environment and file, and does what the command says. Returns the process' exit
/// code (docs/exit-codes.md). Throws nothing. `run` takes over SIGTERM, SIGINT and SIGPIPE until it returns, so it is to
/// be called before other threads are started.
int run_command_line(int argc, char** argv, const Program& program);

/// The same with the arguments after the program's name, and another terminal.
int run_command_line(const std::vector<std::string>& arguments, const Terminal& terminal,
                     const Program& program);

}  // namespace weir
