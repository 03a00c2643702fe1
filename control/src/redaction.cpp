#include "redaction.hpp"

#include <algorithm>

#include <weir/core/connector.hpp>

namespace weir {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes percent-encoding as far as there is any; what is malformed stays as it is.
std::string lenient_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      decoded.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

void remember(std::string_view value, std::vector<std::string>* hidden) {
  if (!hidden) return;
  hidden->emplace_back(value);
  hidden->push_back(lenient_decode(value));
}

std::string redacted_parameters(std::string_view query, std::vector<std::string>* hidden) {
  std::string result;
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret(lenient_decode(pair.substr(0, equals)))) {
      remember(pair.substr(equals + 1), hidden);
      result.append(pair.substr(0, equals + 1)).append(kHidden);
    } else {
      result.append(pair);
    }
    if (end == query.size()) return result;
    result.push_back('&');
    query.remove_prefix(end + 1);
  }
}

/// `user:password@host` → `user:***@host`.
std::string redacted_location(std::string_view location, std::vector<std::string>* hidden) {
  const std::size_t slashes = location.find("://");
  const std::size_t at = location.rfind('@');
  if (slashes == std::string_view::npos || at == std::string_view::npos || at < slashes + 3)
    return std::string(location);
  const std::size_t colon = location.find(':', slashes + 3);
  if (colon == std::string_view::npos || colon > at) return std::string(location);
  remember(location.substr(colon + 1, at - colon - 1), hidden);
  return std::string(location.substr(0, colon + 1)) + kHidden + std::string(location.substr(at));
}

}  // namespace

std::string redacted_address(std::string_view text, std::vector<std::string>* hidden) {
  const std::size_t question = text.find('?');
  if (question == std::string_view::npos) return redacted_location(text, hidden);
  const std::string location = redacted_location(text.substr(0, question), hidden);
  return location + "?" + redacted_parameters(text.substr(question + 1), hidden);
}

void Secrets::add(const std::string& value) {
  if (value.size() >= 4) values_.insert(value);
}

void Secrets::add_all(const std::vector<std::string>& values) {
  for (const std::string& value : values) add(value);
}

std::string Secrets::scrub(std::string text) const {
  for (const std::string& secret : values_)
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), kHidden);
  return text;
}

}  // namespace weir
