#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "project_directory.hpp"

namespace weir::testing {

/// A broker of scripts/kafka on a free port, started when first asked for and wiped when the process ends.
class Broker {
 public:
  static Broker& get() {
    static Broker broker;
    return broker;
  }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
  void pause() const { script("pause"); }
  void resume() const { script("resume"); }
  void kill() const { script("kill"); }
  void start() const { script("start"); }

  /// What one of Kafka's own tools prints.
  static std::string tool(const std::string& arguments) {
    std::string out;
    FILE* pipe = ::popen(
        fmt::format("{} jvm {} 2>/dev/null", (project_directory() / "scripts/kafka").string(), arguments)
            .c_str(),
        "r");
    if (!pipe) throw std::runtime_error("scripts/kafka cannot be run");
    char buffer[4096];
    for (std::size_t n; (n = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    ::pclose(pipe);
    return out;
  }

 private:
  Broker()
      : owner_(::getpid()),
        port_(free_port()),
        directory_(std::filesystem::temp_directory_path() /
                   fmt::format("weir-kafka-{}-{}", ::getpid(), port_)) {
    script("start");
  }
  ~Broker() {
    if (::getpid() == owner_) script("wipe");
  }

  void script(const std::string& action) const {
    const std::string command =
        fmt::format("{} {} --port {} --dir {} >/dev/null", (project_directory() / "scripts/kafka").string(),
                    action, port_, directory_.string());
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }

  static bool is_free(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    return free;
  }
  /// Controllers listen a thousand ports above.
  static int free_port() {
    for (int port = 20000 + ::getpid() % 9000;; ++port)
      if (is_free(port) && is_free(port + 1000)) return port;
  }

  pid_t owner_;
  int port_;
  std::filesystem::path directory_;
};

}  // namespace weir::testing
