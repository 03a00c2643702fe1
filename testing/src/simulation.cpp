#include <weir/testing/simulation.hpp>

#include <stdexcept>

#include <weir/checkpoint/store.hpp>
#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>
#include <weir/core/kill_point.hpp>
#include <weir/runtime/stepped_attempt.hpp>
#include <weir/state/tier.hpp>

#include "simulated_environment.hpp"
#include "simulated_log.hpp"

namespace weir::testing {

namespace {

/// Thrown from a kill point: nothing after it in the process happens.
struct SimulatedCrash : std::runtime_error {
  SimulatedCrash() : std::runtime_error("the simulated process died") {}
};

class Simulation {
 public:
  Simulation(const JobGraph& graph, const SimulationOptions& options)
      : graph_(graph), options_(options), environment_(options.seed) {}

  SimulationResult run(const std::vector<JobOptions>& runs) {
    const KillHook hook(this);
    for (const JobOptions& job : runs)
      while (!attempt_once(job)) {
      }
    result_.committed = log_.committed;
    result_.commits = log_.commits;
    for (const auto& [sink, rows] : result_.committed)
      for (const std::string& row : rows) note(hash_bytes(row));
    return result_;
  }

 private:
  /// True when the job has come to its end.
  bool attempt_once(const JobOptions& job) {
    crashed_ = false;
    JobWorld world{environment_,
                   metrics_,
                   [this] { return make_simulated_connectors(log_, environment_, options_.faults); },
                   [](const JobOptions&) { return make_memory_backend(); },
                   {}};
    const auto store = make_memory_store(checkpoints_);
    std::unique_ptr<SteppedAttempt> attempt;
    try {
      attempt = std::make_unique<SteppedAttempt>(graph_, job, world, *store);
      while (!attempt->done() && !crashed_) step(*attempt);
    } catch (const SimulatedCrash&) {
    } catch (const RestartJob&) {
      return false;  // the same process tries again; its blocking work is finished first
    }
    if (!crashed_) return true;
    environment_.lose_everything();
    return false;
  }

  void step(SteppedAttempt& attempt) {
    if (++result_.steps > options_.max_steps) throw std::runtime_error("the simulated job is stuck");
    environment_.advance(std::chrono::microseconds(1 + environment_.random() % 200));
    const std::uint64_t choice = environment_.random() % (attempt.actors() + 1);
    const bool moved = choice == attempt.actors() ? environment_.run_one() : attempt.step(choice);
    note(choice * 2 + moved);
    if (environment_.chance(options_.faults.crash)) crash();
  }

  void pass(const char*) {
    if (!environment_.chance(options_.faults.crash_at_point)) return;
    crash();
    if (crashed_) throw SimulatedCrash();
  }

  void crash() {
    if (crashed_ || result_.crashes >= options_.max_crashes) return;
    crashed_ = true;
    ++result_.crashes;
  }

  void note(std::uint64_t what) { result_.trace = weir::detail::hash_u64(result_.trace ^ what); }

  /// While it lives, kill points ask `simulation`. Kill points are global, so one simulation runs at a time.
  struct KillHook {
    explicit KillHook(Simulation* simulation) {
      running = simulation;
      weir::detail::kill_hook = [](const char* point) { running->pass(point); };
    }
    ~KillHook() { weir::detail::kill_hook = nullptr; }
  };
  static inline Simulation* running = nullptr;

  const JobGraph& graph_;
  const SimulationOptions& options_;
  SimulatedEnvironment environment_;
  MetricRegistry metrics_;
  SimulatedLog log_;
  std::shared_ptr<MemoryCheckpoints> checkpoints_ = make_memory_checkpoints();
  SimulationResult result_;
  bool crashed_ = false;
};

}  // namespace

SimulationResult simulate(const JobGraph& graph, const JobOptions& job, const SimulationOptions& options) {
  return simulate(graph, std::vector{job}, options);
}

SimulationResult simulate(const JobGraph& graph, const std::vector<JobOptions>& runs,
                          const SimulationOptions& options) {
  return Simulation(graph, options).run(runs);
}

}  // namespace weir::testing
