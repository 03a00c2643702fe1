#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace weir {

/// A socket that says exactly what it is told. Knows nothing of HTTP, so that it can be rude.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  bool send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }
  void finish_sending() { shutdown(fd_, SHUT_WR); }

  /// Everything until the server closes, or `patience` passes without a byte.
  std::string read_all(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::string all;
    char buffer[4096];
    pollfd ready{fd_, POLLIN, 0};
    while (poll(&ready, 1, static_cast<int>(patience.count())) == 1) {
      const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  /// Bytes until `text` holds `mark`, for connections that stay open.
  std::string read_until(const std::string& mark) {
    std::string all;
    char c = 0;
    pollfd ready{fd_, POLLIN, 0};
    while (all.find(mark) == std::string::npos && poll(&ready, 1, 20'000) == 1 && recv(fd_, &c, 1, 0) == 1)
      all += c;
    return all;
  }
  bool closed() const { return closed_; }

 private:
  int fd_;
  bool connected_ = false;
  bool closed_ = false;
};

/// One request on a connection of its own; the whole answer.
inline std::string ask(std::uint16_t port, const std::string& request) {
  RawClient client(port);
  client.send(request);
  return client.read_all();
}

inline std::string get(std::uint16_t port, const std::string& target,
                       const std::string& headers = "Host: localhost\r\n",
                       const std::string& method = "GET") {
  return ask(port, method + " " + target + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
}

inline int status_of(const std::string& answer) {
  return answer.rfind("HTTP/1.", 0) == 0 && answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace weir
