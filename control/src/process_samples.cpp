#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "metrics_text.hpp"

namespace weir {

namespace {

using Type = MetricSample::Type;

/// Fields of /proc/self/stat from the third on; the second, the program's name, may hold anything.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;)
    if (word == "btime") {
      double seconds = 0;
      file >> seconds;
      return seconds;
    }
  return 0;
}

std::optional<double> open_files() {
  DIR* directory = opendir("/proc/self/fd");
  if (!directory) return std::nullopt;
  int count = 0;
  while (readdir(directory)) ++count;
  closedir(directory);
  return count - 3;  // ".", ".." and the directory itself
}

}  // namespace

std::vector<MetricSample> process_samples() {
  // Numbered as in proc(5), from 1.
  constexpr std::size_t kUserTime = 14, kSystemTime = 15, kThreads = 20, kStartTime = 22, kVirtualBytes = 23,
                        kResidentPages = 24;
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() + 2 < kResidentPages) return {};
  const auto field = [&](std::size_t number) { return std::stod(fields[number - 3]); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::vector<MetricSample> samples = {
      {"process_cpu_seconds_total",
       "CPU time used, user and system.",
       Type::kCounter,
       {},
       (field(kUserTime) + field(kSystemTime)) / ticks},
      {"process_resident_memory_bytes",
       "Memory held in RAM.",
       Type::kGauge,
       {},
       field(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE))},
      {"process_virtual_memory_bytes", "Address space.", Type::kGauge, {}, field(kVirtualBytes)},
      {"process_start_time_seconds",
       "When the process started, since 1970.",
       Type::kGauge,
       {},
       boot_time_seconds() + field(kStartTime) / ticks},
      {"process_threads", "Threads of the process.", Type::kGauge, {}, field(kThreads)},
  };
  if (const auto open = open_files())
    samples.push_back({"process_open_fds", "Open file descriptors.", Type::kGauge, {}, *open});
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    samples.push_back({"process_max_fds",
                       "Most file descriptors that may be open.",
                       Type::kGauge,
                       {},
                       static_cast<double>(limit.rlim_cur)});
  return samples;
}

}  // namespace weir
