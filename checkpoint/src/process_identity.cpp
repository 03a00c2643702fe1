#include "process_identity.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

namespace weir {

namespace {

std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

/// Since when a process runs, in ticks since the kernel started; empty: there is no such process.
std::string started(const std::string& pid) {
  const std::string stat = first_line("/proc/" + pid + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int n = 3; n <= 22; ++n) fields >> field;
  return field;
}

/// What process numbers here are counted in: the kernel's run and the namespace.
std::string realm() {
  std::array<char, 64> name_space{};
  if (::readlink("/proc/self/ns/pid", name_space.data(), name_space.size() - 1) < 0) return "";
  return fmt::format("{},{}", first_line("/proc/sys/kernel/random/boot_id"), name_space.data());
}

}  // namespace

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on host {}", ::getpid(), host.data());
}

std::string unique_token() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("{}-{}{:09}", ::getpid(), now.tv_sec, now.tv_nsec);
}

std::string process_identity() {
  const std::string pid = std::to_string(::getpid());
  return fmt::format("{} {} {}", realm(), pid, started(pid));
}

bool has_ended(const std::string& identity) {
  std::istringstream words(identity);
  std::string there, pid, start;
  words >> there >> pid >> start;
  return !start.empty() && !there.starts_with(",") && there == realm() && started(pid) != start;
}

}  // namespace weir
