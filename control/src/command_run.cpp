#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include <weir/runtime/losses.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "http_endpoint.hpp"
#include "metrics_text.hpp"
#include "progress.hpp"
#include "quantity.hpp"
#include "stop_signals.hpp"
#include "version.hpp"

namespace weir {

namespace {

bool is_set(const Terminal& terminal, const char* variable) {
  const auto found = terminal.variables.find(variable);
  return found != terminal.variables.end() && !found->second.empty();
}

bool is_dumb(const Terminal& terminal) {
  const auto found = terminal.variables.find("TERM");
  return found != terminal.variables.end() && found->second == "dumb";
}

/// A job with everything that surrounds it while it runs.
class Run {
 public:
  Run(const Configuration& configuration, const Terminal& terminal, const Program& program)
      : configuration_(configuration),
        terminal_(terminal),
        program_(program),
        console_(terminal.err, configuration.log_level, configuration.secrets),
        environment_(program.environment()),
        started_(environment_->now()) {}

  ExitCode run() {
    try {
      return run_job();
    } catch (const FailJob& e) {
      console_.log_reason(e.what());
      return e.code();
    } catch (const std::exception& e) {
      console_.log_reason(e.what());
      return ExitCode::kJobFailed;
    }
  }

 private:
  ExitCode run_job() {
    JobWorld world{
        *environment_,       metrics_,
        program_.connectors, program_.backend,
        program_.store,      [this](const std::string& line) { console_.log(LogLevel::kInfo, line); }};
    world.attempt_failed = [this](const std::string& line) { console_.log(LogLevel::kWarn, line); };
    world.job_failed = [this](const std::string& line) { console_.log_reason(line); };
    world.warn = [this](const std::string& line) { console_.log(LogLevel::kWarn, line); };
    const auto job = program_.make_job(configuration_.graph, configuration_.job, std::move(world));
    const auto endpoint = open_endpoint(*job);
    signals_.forward_to([this, &job](int signal) {
      console_.log(LogLevel::kInfo,
                   fmt::format("SIG{}: stopping after a last commit; a second signal ends at once",
                               sigabbrev_np(signal)));
      job->stop();
    });
    log_beginning();
    ExitCode code = ExitCode::kJobFailed;
    try {
      const auto progress = watch(*job);
      code = job->run();
    } catch (...) {
      signals_.end();  // its thread must not outlive the job
      throw;
    }
    signals_.end();
    log_end(job->status(), code);
    log_losses();
    return code;
  }

  std::unique_ptr<HttpEndpoint> open_endpoint(const RunningJob& job) {
    if (!configuration_.http) return nullptr;
    HttpSubjects subjects;
    subjects.status = [this, &job] {
      JobStatus status = job.status();
      for (HotKey& key : status.hot_keys) key.key = configuration_.secrets.scrub(std::move(key.key));
      return status;
    };
    subjects.metrics = [this, &job] {
      std::vector<MetricSample> shown = samples(job.status());
      for (MetricSample& sample : shown)
        for (auto& [label, value] : sample.labels) value = configuration_.secrets.scrub(std::move(value));
      return metrics_text(shown);
    };
    subjects.version = version_json(program_.name);
    subjects.job = configuration_.graph.name;
    try {
      auto endpoint = std::make_unique<HttpEndpoint>(*configuration_.http, std::move(subjects));
      HttpOptions bound = *configuration_.http;
      bound.port = endpoint->port();
      console_.log(LogLevel::kInfo, fmt::format("metrics on http://{}/metrics", to_string(bound)));
      return endpoint;
    } catch (const FailJob& e) {
      // Two jobs on one machine are nothing unusual, and nobody has asked for this port.
      if (configuration_.http_chosen) throw;
      console_.log(LogLevel::kWarn, fmt::format("going on without HTTP: {}", e.what()));
      return nullptr;
    }
  }

  std::vector<MetricSample> samples(const JobStatus& status) {
    std::vector<MetricSample> all = metrics_.collect();
    add_missing(all, job_samples(status, uptime(), environment_->wall_clock()));
    if (const auto interval = configuration_.job.checkpoint_interval)
      add_missing(all, {{"weir_checkpoint_interval_seconds",
                         "How often a checkpoint is due; absent where only the last one is taken.",
                         MetricSample::Type::kGauge,
                         {},
                         static_cast<double>(interval->count()) / 1000.0}});
    add_missing(all, process_samples());
    add_missing(all, {build_sample(configuration_.graph.name)});
    return all;
  }

  std::unique_ptr<ProgressPrinter> watch(const RunningJob& job) {
    if (!terminal_.err_is_terminal || is_dumb(terminal_)) return nullptr;
    return std::make_unique<ProgressPrinter>(
        console_, [&job] { return job.status(); }, [this] { return environment_->now(); }, terminal_.columns,
        !is_set(terminal_, "NO_COLOR"));
  }

  void log_beginning() {
    for (const std::string& warning : configuration_.warnings) console_.log(LogLevel::kWarn, warning);
    const JobOptions& job = configuration_.job;
    console_.log(
        LogLevel::kInfo,
        fmt::format(
            "job {}: {} worker{}, {} state, checkpoints {} in {}", configuration_.graph.name, job.parallelism,
            job.parallelism == 1 ? "" : "s", job.state == StateMode::kHeap ? "heap" : "rocksdb",
            job.checkpoint_interval ? "every " + for_people(*job.checkpoint_interval) : "at the end only",
            job.checkpoint_dir));
  }

  void log_end(const JobStatus& status, ExitCode code) {
    if (code != ExitCode::kDone) return;  // the job has said why
    const Duration took = uptime();
    const std::uint64_t records = records_read(status);
    const double seconds = std::max(static_cast<double>(took.count()) / 1000.0, 0.001);
    console_.log(
        LogLevel::kInfo,
        fmt::format("{}: {} records in {}, {}/s", to_string(status.state), with_thousands(records),
                    for_people(took),
                    with_thousands(static_cast<std::uint64_t>(static_cast<double>(records) / seconds))));
  }

  /// Whoever reads only the last lines is to know that the result is not all that there was.
  void log_losses() {
    for (const Loss& loss : losses(metrics_)) console_.log(LogLevel::kWarn, loss.text);
  }

  Duration uptime() { return std::chrono::duration_cast<Duration>(environment_->now() - started_); }

  // First, so that every thread started later has the signals blocked.
  StopSignals signals_;
  const Configuration& configuration_;
  const Terminal& terminal_;
  const Program& program_;
  Console console_;
  std::unique_ptr<Environment> environment_;
  MetricRegistry metrics_;
  const Environment::Instant started_;
};

}  // namespace

int command_run(const Configuration& configuration, const Terminal& terminal, const Program& program) {
  return static_cast<int>(Run(configuration, terminal, program).run());
}

}  // namespace weir
