#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Where a request goes.
struct HttpUrl {
  std::string host;    ///< without the brackets of an IPv6 address
  std::string port;    ///< "80" when none was said
  std::string target;  ///< path and query

  /// For the Host header: the port only when it is not the usual one.
  std::string authority() const;
  /// For people: without the query, which may hold secrets.
  std::string shown() const;
};

/// Reads `http://host[:port][/path][?query]`. Throws std::invalid_argument saying what is wrong with it.
HttpUrl parse_http_url(std::string_view text);

/// Throws std::invalid_argument when a target or header value holds what would end it early.
void check_http_target(std::string_view target);
void check_http_header(std::string_view name, std::string_view value);

}  // namespace weir
