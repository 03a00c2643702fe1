#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace weir {

/// Where and for whom the endpoint answers.
struct HttpOptions {
  std::string address = "127.0.0.1";          ///< an IP address
  std::uint16_t port = 8480;                  ///< 0: any that is free
  std::string token;                          ///< empty: nobody is asked for one
  std::chrono::milliseconds timeout{10'000};  ///< for reading a request, and for writing an answer
  std::size_t connections_max = 100;
};

/// What `text` names: "127.0.0.1:8480", "[::1]:8480", "localhost:0". Nothing when it is something else.
std::optional<HttpOptions> parse_http_address(const std::string& text);

/// True when only this machine can reach the address.
bool is_loopback(const std::string& address);

/// "127.0.0.1:8480", "[::1]:8480"
std::string to_string(const HttpOptions& options);

}  // namespace weir
