#include <weir/core/connector.hpp>

#include <array>
#include <cctype>

#include <fmt/core.h>

#include <weir/core/error.hpp>
#include <weir/core/nearest_word.hpp>
#include <weir/core/redaction.hpp>

namespace weir {

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw FailJob(fmt::format("address `{}`: {}", redacted_address(text), why), ExitCode::kUsage);
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
      refuse(uri.text, fmt::format("a parameter is written key=value, joined by `&`; found `{}`",
                                   redacted_address(pair)));
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

/// Whether a word of the key is a letter away from one that speaks of a secret: the complaint about `sasl.pasword` is not to show what
/// stands there.
bool has_misspelt_mark(std::string_view key) {
  static constexpr std::array<std::string_view, 6> kMarks = {"password",   "passwords",   "passphrase",
                                                             "credential", "credentials", "secret"};
  std::string word;
  for (std::size_t i = 0; i <= key.size(); ++i) {
    if (i < key.size() && std::isalnum(static_cast<unsigned char>(key[i]))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(key[i])));
      continue;
    }
    for (const std::string_view mark : kMarks)
      if (word.size() <= mark.size() + 1 && edit_distance(word, mark) <= 1) return true;
    word.clear();
  }
  return false;
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

std::string ConnectorUri::redacted() const { return redacted_address(text); }

bool is_secret(std::string_view key) {
  std::string plain;
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c)))
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static constexpr std::array<std::string_view, 15> kMarks = {
      "password", "passwd",     "passphrase", "passwort",      "secret",
      "token",    "credential", "privatekey", "jaas",          "sslkey",
      "apikey",   "accesskey",  "signature",  "authorization", "oauthbearerconfig"};
  for (const std::string_view mark : kMarks)
    if (plain.find(mark) != std::string::npos) return true;
  // Too short to be looked for inside of other words.
  static constexpr std::array<std::string_view, 5> kWords = {"pass", "pwd", "auth", "sig", "pin"};
  for (const std::string_view word : kWords)
    if (plain == word) return true;
  return has_misspelt_mark(key);
}

}  // namespace weir
