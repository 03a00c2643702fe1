#include "http_url.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <weir/connectors/http_client.hpp>
#include <weir/core/redaction.hpp>

namespace weir {

namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

[[noreturn]] void refuse(std::string_view url, const std::string& why) {
  throw std::invalid_argument(fmt::format("{}: {}", without_query(redacted_address(url)), why));
}

void split_authority(std::string_view url, std::string_view authority, HttpUrl& parsed) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  parsed.port = colon == std::string_view::npos ? "80" : std::string(authority.substr(colon + 1));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  parsed.host = std::string(host);
  if (host.empty()) refuse(url, "no host is named");
  const bool digits =
      std::all_of(parsed.port.begin(), parsed.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || parsed.port.empty() || parsed.port.size() > 5 || std::stoi(parsed.port) > 65'535)
    refuse(url, fmt::format("'{}' is no port", parsed.port));
}

}  // namespace

std::string HttpUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == "80" ? name : name + ":" + port;
}

std::string HttpUrl::shown() const { return "http://" + authority() + target.substr(0, target.find('?')); }

HttpUrl parse_http_url(std::string_view text) {
  if (redacted_address(without_query(std::string(text))).find(kHidden) != std::string::npos)
    throw std::invalid_argument("a URL holds no user and password here; send an Authorization header");
  constexpr std::string_view kScheme = "http://";
  if (text.substr(0, 8) == "https://")
    refuse(text, "TLS is not spoken here; use http:// to a proxy on this machine that does (docs/async.md)");
  if (text.substr(0, kScheme.size()) != kScheme) refuse(text, "a URL begins with http://");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  HttpUrl parsed;
  split_authority(text, authority, parsed);
  parsed.target = std::string(rest.substr(path));
  if (parsed.target.empty() || parsed.target.front() == '?') parsed.target.insert(0, "/");
  check_http_target(text);
  return parsed;
}

void check_http_target(std::string_view target) {
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
      refuse(target, "it holds a blank or control character; percent-encode it (weir::url_encoded)");
}

void check_http_header(std::string_view name, std::string_view value) {
  const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_plain(c) || std::string_view("!#$%&'*+^`|").find(c) != std::string_view::npos;
  });
  if (!word) throw std::invalid_argument(fmt::format("'{}' is no name of a header", name));
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw std::invalid_argument(fmt::format("the value of header '{}' holds a line end", name));
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_plain(c)) encoded += c;
    else encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace weir
