/// Makes the golden checkpoint of this version: `make_golden DIRECTORY`. See README.md.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "golden_dump.hpp"
#include "golden_pipeline.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

/// The machine's, ten years ago: what waits for the wall clock, or expires by it, is long due when the checkpoint is restored.
class TenYearsAgo final : public Environment {
 public:
  Instant now() override { return real_->now(); }
  EventTime wall_clock() override { return real_->wall_clock() - 10 * kYear; }
  std::uint64_t random() override { return real_->random(); }
  void run_blocking(std::string_view lane, std::function<void()> job) override {
    real_->run_blocking(lane, std::move(job));
  }
  void await_blocking() override { real_->await_blocking(); }

 private:
  std::unique_ptr<Environment> real_ = make_real_environment();
};

void write(const fs::path& path, const std::vector<std::string>& lines) {
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << '\n';
}

JobOptions golden_options(const fs::path& place, const std::string& name) {
  JobOptions options = quick_options(2);
  options.checkpoint_interval = std::chrono::hours(1);  // one checkpoint, when it is stopped
  options.state = StateMode::kRocksDb;
  options.state_dir = place / (name + "-state");
  options.checkpoint_dir = place / name;
  return options;
}

void make(const fs::path& to) {
  const JobScratch scratch;
  const fs::path place = scratch / "golden";
  Machine machine;
  machine.environment = std::make_unique<TenYearsAgo>();
  JobOptions options = golden_options(place, "checkpoint");
  options.sources["samples"] = std::string(kGoldenSamples) + "&rate=300";
  {
    RunningJob job(golden_pipeline(), options, machine.world_on_disk());
    job.wait_until([](const JobStatus& status) {
      return status.sources.size() == 2 && status.sources[0].records > kGoldenEvents / 2;
    });
    job.stop();
  }
  fs::remove_all(to);
  fs::create_directories(to);
  for (const char* part : {"manifests", "files", "COMMITTED"})
    fs::copy(place / "checkpoint" / part, to / part, fs::copy_options::recursive);
  write(to / "dump.txt", dump(place / "checkpoint", place / "look"));

  Machine later;
  JobOptions rest = golden_options(place, "rest");
  rest.from = StartFrom::kSavepoint;
  rest.savepoint = place / "checkpoint";
  Job(golden_pipeline(), rest, later.world_on_disk()).run();
  write(to / "rows-after.txt", all_rows(later));
  write(to / "rows-before.txt", all_rows(machine));
}

}  // namespace

}  // namespace weir

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("make_golden DIRECTORY\n", stderr);
    return 2;
  }
  weir::make(argv[1]);
  return 0;
}
