#include <weir/core/connector.hpp>

#include <array>
#include <cctype>

#include <fmt/core.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

/// The text without the values of secret parameters and without a password before `@`. Works on malformed
/// addresses as well: error messages show them.
std::string redact(std::string_view text) {
  const std::size_t query = std::min(text.find('?'), text.size());
  std::string out(text.substr(0, query));
  if (const std::size_t slashes = out.find("://"); slashes != std::string::npos) {
    const std::size_t host = slashes + 3;
    const std::size_t at = out.substr(host, out.find('/', host) - host).rfind('@');
    const std::size_t colon = out.find(':', host);
    if (at != std::string::npos && colon < host + at) out.replace(colon + 1, host + at - colon - 1, "***");
  }
  std::size_t begin = query;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('&', begin + 1), text.size());
    const std::string_view pair = text.substr(begin, end - begin);
    const std::size_t equals = pair.find('=');
    const bool hide = equals != std::string_view::npos && is_secret(pair.substr(1, equals - 1));
    out += hide ? pair.substr(0, equals + 1) : pair;
    if (hide) out += "***";
    begin = end;
  }
  return out;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw FailJob(fmt::format("address `{}`: {}", redact(text), why), ExitCode::kUsage);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text, std::string_view key, std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      out += value[i];
      continue;
    }
    const int high = i + 2 < value.size() ? hex_digit(value[i + 1]) : -1;
    const int low = i + 2 < value.size() ? hex_digit(value[i + 2]) : -1;
    if (high < 0 || low < 0)
      refuse(text, fmt::format("parameter `{}` has a `%` that is not followed by two hexadecimal digits; "
                               "write %25 for a percent "
                               "sign",
                               key));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

void parse_parameters(ConnectorUri& uri, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      refuse(uri.text,
             fmt::format("a parameter is written key=value, joined by `&`; found `{}`", redact(pair)));
    const std::string key(pair.substr(0, equals));
    if (!uri.parameters.emplace(key, percent_decoded(uri.text, key, pair.substr(equals + 1))).second)
      refuse(uri.text, fmt::format("parameter `{}` is given twice", key));
  }
}

bool is_scheme(std::string_view scheme) {
  if (scheme.empty() || !std::isalpha(static_cast<unsigned char>(scheme.front()))) return false;
  for (const char c : scheme)
    if (!std::islower(static_cast<unsigned char>(c)) && !std::isdigit(static_cast<unsigned char>(c)) &&
        c != '+' && c != '-' && c != '.')
      return false;
  return true;
}

}  // namespace

ConnectorUri ConnectorUri::parse(std::string_view text) {
  ConnectorUri uri;
  uri.text = std::string(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon)))
    refuse(text, "an address is written scheme:path, for example file:data/flights.csv or kafka:flights");
  uri.scheme = std::string(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  std::string_view place = rest.substr(0, question);
  if (place.starts_with("//")) {
    place.remove_prefix(2);
    const std::size_t slash = std::min(place.find('/'), place.size());
    uri.authority = std::string(place.substr(0, slash));
    place.remove_prefix(slash);
    // Without an authority the path is absolute (file:///data/x.csv), so its slash is part of it.
    if (!uri.authority.empty() && !place.empty()) place.remove_prefix(1);
  }
  uri.path = std::string(place);
  if (question < rest.size()) parse_parameters(uri, rest.substr(question + 1));
  return uri;
}

std::string ConnectorUri::redacted() const { return redact(text); }

bool is_secret(std::string_view key) {
  std::string plain;
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c)))
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static constexpr std::array<std::string_view, 10> kMarks = {
      "password",   "passwd",     "passphrase", "secret", "token",
      "credential", "privatekey", "jaas",       "sslkey", "apikey"};
  for (const std::string_view mark : kMarks)
    if (plain.find(mark) != std::string::npos) return true;
  return false;
}

}  // namespace weir
