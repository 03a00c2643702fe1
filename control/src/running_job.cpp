#include <weir/control/command_line.hpp>

namespace weir {

namespace {

class RealJob : public RunningJob {
 public:
  RealJob(JobGraph graph, JobOptions options, JobWorld world)
      : job_(std::move(graph), std::move(options), std::move(world)) {}
  ExitCode run() override { return job_.run(); }
  void stop() override { job_.stop(); }
  JobStatus status() const override { return job_.status(); }

 private:
  Job job_;
};

}  // namespace

std::unique_ptr<RunningJob> make_running_job(JobGraph graph, JobOptions options, JobWorld world) {
  return std::make_unique<RealJob>(std::move(graph), std::move(options), std::move(world));
}

}  // namespace weir
