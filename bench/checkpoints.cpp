// What a checkpoint costs by the state's size: bytes written, how long rows stop, how long it takes; and how soon the first row comes after
// a restart. For each size a job makes its state and ends; a second one goes on from its last checkpoint and updates keys at random, so
// many between two checkpoints as are 1 % of the smallest size's; with --settle it does so for a while before it is measured. Directories are removed after each size.
//
//   build/release/bench/checkpoints --gigabytes 1 10
//
// With --soak a job of a million keys runs for so many seconds, 200,000 updates and ten checkpoints a second; the exit code is 1 when
// the last minute has more files, bytes, memory or longer checkpoints than the first. Looked at by itself is what each checkpoint copies
// beside table files (RocksDB's manifest): a little that grows with every checkpoint is much after a day.
//
//   build/release/bench/checkpoints --soak 600

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "checkpoint_job.hpp"

namespace {

namespace fs = std::filesystem;
using weir::bench::CheckpointJob;
using weir::bench::CheckpointRun;
using weir::bench::CheckpointSeen;

constexpr std::uint64_t kBytesAKey = 100;

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}
template <class Of>
std::vector<double> all(const std::vector<CheckpointSeen>& checkpoints, Of&& of) {
  std::vector<double> values;
  for (const CheckpointSeen& c : checkpoints) values.push_back(static_cast<double>(of(c)));
  return values;
}

struct Size {
  double files = 0;
  double megabytes = 0;
  double beside_kilobytes = 0;  ///< what is no table file
};
/// Files that come and go meanwhile are not counted.
Size size_of(const fs::path& directory) {
  Size size;
  std::error_code gone;
  for (fs::recursive_directory_iterator it(directory, gone), end; !gone && it != end; it.increment(gone)) {
    std::error_code no_file;
    const auto bytes = it->file_size(no_file);
    if (no_file) continue;
    ++size.files;
    size.megabytes += static_cast<double>(bytes) / 1e6;
    if (it->path().extension() != ".sst") size.beside_kilobytes += static_cast<double>(bytes) / 1e3;
  }
  return size;
}

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0, resident = 0;
  statm >> all >> resident;
  return resident * 4096 / 1e6;
}

void measure(CheckpointJob job, double gigabytes, std::uint64_t changed, std::uint64_t settle,
             std::uint64_t checkpoints) {
  fs::remove_all(job.scratch);
  job.keys = static_cast<std::uint64_t>(gigabytes * 1e9) / kBytesAKey;
  const weir::Duration interval = std::exchange(job.interval, weir::Duration{5000});
  const auto loaded = [&](const auto& progress) { return progress.updates >= job.keys; };
  const CheckpointRun load = run(job, 0, loaded);
  job.interval = interval;
  const Size stored = size_of(job.scratch / "checkpoints");
  const std::uint64_t rate = changed * 1000 / static_cast<std::uint64_t>(interval.count());
  if (settle > 0) run(job, rate, [&](const auto& progress) { return progress.checkpoints.size() >= settle; });
  const CheckpointRun updates =
      run(job, rate, [&](const auto& progress) { return progress.checkpoints.size() > checkpoints; });
  const auto bytes = all(updates.checkpoints, [](const auto& c) { return c.new_bytes; });
  const auto stalls = all(updates.checkpoints, [](const auto& c) { return c.stall_ms; });
  const auto quiet = all(updates.checkpoints, [](const auto& c) { return c.quiet_ms; });
  const auto durations = all(updates.checkpoints, [](const auto& c) { return c.duration_ms; });
  double sum = 0;
  for (const double b : bytes) sum += b;
  const double mean = bytes.empty() ? 0 : sum / static_cast<double>(bytes.size());
  fmt::print(
      "{:>5} {:>8.0f} {:>7.1f} {:>4} | {:>7.2f} {:>7.1f} {:>8.0f} | {:>6.1f} {:>6.1f} {:>6.1f} | {:>6.1f} "
      "{:>6.1f} | {:>6.0f} {:>6.0f} | {:>7.2f} {:>5.2f}\n",
      gigabytes, stored.megabytes, load.seconds, bytes.size(), percentile(bytes, 0.5) / 1e6, mean / 1e6,
      mean / static_cast<double>(changed), percentile(stalls, 0.5), percentile(stalls, 0.99),
      percentile(stalls, 1), percentile(quiet, 0.5), percentile(quiet, 0.99), percentile(durations, 0.5),
      percentile(durations, 0.99), updates.first_row_seconds, updates.cpu_seconds / updates.seconds);
  std::fflush(stdout);
  fs::remove_all(job.scratch);
}

/// What is looked at every ten seconds.
struct Sample {
  double files, megabytes, live_files, live_megabytes, beside_kilobytes, resident, median_ms, slowest_ms;
  static constexpr std::size_t kNumbers = 8;
  std::array<double, kNumbers> numbers() const {
    return {files, megabytes, live_files, live_megabytes, beside_kilobytes, resident, median_ms, slowest_ms};
  }
};

void print(const std::string& when, const std::array<double, Sample::kNumbers>& n) {
  fmt::print("{:>12} {:>7.0f} {:>9.1f} {:>7.0f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f}\n", when, n[0],
             n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
  std::fflush(stdout);
}

/// The middle of each number over some samples.
std::array<double, Sample::kNumbers> middle(const std::vector<Sample>& samples, std::size_t begin,
                                            std::size_t end) {
  std::array<double, Sample::kNumbers> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::vector<double> values;
    for (std::size_t s = begin; s < end; ++s) values.push_back(samples[s].numbers()[i]);
    result[i] = percentile(std::move(values), 0.5);
  }
  return result;
}

int soak(CheckpointJob job, std::uint64_t seconds, std::uint64_t rate) {
  fs::remove_all(job.scratch);
  job.keys = 1'000'000;
  job.interval = weir::Duration{100};
  run(job, 0, [&](const auto& progress) { return progress.updates >= job.keys; });
  const fs::path stored = job.scratch / "checkpoints", live = job.scratch / "state";
  fmt::print("{:>12} {:>7} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "seconds", "files", "MB", "live",
             "live MB", "beside kB", "RSS MB", "ms p50", "ms p99");
  std::vector<Sample> samples;
  std::size_t told = 0;
  const auto begin = std::chrono::steady_clock::now();
  run(job, rate, [&](const weir::bench::CheckpointProgress& progress) {
    if (std::chrono::steady_clock::now() - begin < std::chrono::seconds(10) * (samples.size() + 1))
      return false;
    const Size checkpoints = size_of(stored), state = size_of(live);
    const std::vector<CheckpointSeen> recent(progress.checkpoints.begin() + static_cast<std::ptrdiff_t>(told),
                                             progress.checkpoints.end());
    told = progress.checkpoints.size();
    const auto durations = all(recent, [](const auto& c) { return c.duration_ms; });
    samples.push_back({checkpoints.files, checkpoints.megabytes, state.files, state.megabytes,
                       state.beside_kilobytes, resident_megabytes(), percentile(durations, 0.5),
                       percentile(durations, 0.99)});
    print(std::to_string(10 * samples.size()), samples.back().numbers());
    return 10 * samples.size() >= seconds;
  });
  fs::remove_all(job.scratch);
  // The first ten seconds are the caches' and the first compactions'.
  const std::size_t some = std::min<std::size_t>(6, samples.size() / 2);
  if (some == 0) return 1;
  const std::size_t first = samples.size() > 2 * some ? 1 : 0;
  const auto before = middle(samples, first, first + some),
             after = middle(samples, samples.size() - some, samples.size());
  print("first minute", before);
  print("last minute", after);
  // Sizes swing with compactions; what grows for ten minutes shows far beyond this.
  constexpr std::array<double, Sample::kNumbers> kSlack = {50, 100, 50, 100, 100, 50, 20, 100};
  bool grown = false;
  for (std::size_t i = 0; i < before.size(); ++i) grown = grown || after[i] > 1.3 * before[i] + kSlack[i];
  fmt::print("{}\n", grown ? "has grown" : "has not grown");
  return grown ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What checkpoints cost, by the state's size");
  std::vector<double> gigabytes{1};
  std::uint64_t checkpoints = 30, settle = 0, changed = 0, soak_seconds = 0, rate = 200'000,
                memory_mib = 2048;
  std::int64_t interval = 1000;
  std::string scratch = (fs::temp_directory_path() / "weir-checkpoints").string();
  app.add_option("--gigabytes", gigabytes, "sizes of the state");
  app.add_option("--changed", changed, "updates between two checkpoints; 0: 1 % of the smallest size's keys");
  app.add_option("--checkpoints", checkpoints, "of each size");
  app.add_option("--settle", settle,
                 "checkpoints before these, while files of the beginning are folded together");
  app.add_option("--interval", interval, "milliseconds between them");
  app.add_option("--memory", memory_mib, "MiB, the same for all sizes");
  app.add_option("--soak", soak_seconds, "runs for so long and looks whether anything grows, instead");
  app.add_option("--rate", rate, "updates a second of --soak");
  app.add_option("--scratch", scratch, "directory for state and checkpoints; removed");
  CLI11_PARSE(app, argc, argv);
  const CheckpointJob job{scratch, 0, memory_mib << 20, weir::Duration{interval}};
  if (soak_seconds > 0) return soak(job, soak_seconds, rate);
  const double smallest = *std::min_element(gigabytes.begin(), gigabytes.end());
  if (changed == 0) changed = static_cast<std::uint64_t>(smallest * 1e9) / kBytesAKey / 100;
  fmt::print("{} updates between two checkpoints, every {} ms, {} MiB of memory\n", changed, interval,
             memory_mib);
  fmt::print("{:>5} {:>8} {:>7} {:>4} | {:^24} | {:^20} | {:^13} | {:^13} | {:>7} {:>5}\n", "", "kept",
             "load", "", "bytes written", "stall, ms", "without, ms", "took, ms", "first", "");
  fmt::print(
      "{:>5} {:>8} {:>7} {:>4} | {:>7} {:>7} {:>8} | {:>6} {:>6} {:>6} | {:>6} {:>6} | {:>6} {:>6} | {:>7} "
      "{:>5}\n",
      "GB", "MB", "s", "n", "MB p50", "MB mean", "B/update", "p50", "p99", "max", "p50", "p99", "p50", "p99",
      "row s", "CPUs");
  for (const double size : gigabytes) measure(job, size, changed, settle, checkpoints);
}
