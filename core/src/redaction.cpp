#include <weir/core/redaction.hpp>

#include <algorithm>
#include <cctype>
#include <optional>

#include <weir/core/connector.hpp>

namespace weir {

namespace {

using Hidden = std::vector<std::string>;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
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

void remember(std::string_view value, Hidden* hidden) {
  if (!hidden || value.empty()) return;
  hidden->emplace_back(value);
  hidden->push_back(lenient_decode(value));
}

/// "9092", "9092,other:9092": what may follow the first colon of an authority without being a password.
bool is_ports(std::string_view text) {
  const std::string_view port = text.substr(0, text.find(','));
  return std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c); });
}

/// Where the `@` stands that ends user and password. Both may hold, against the rules, slashes and question marks.
std::optional<std::size_t> end_of_userinfo(std::string_view text, std::size_t begin) {
  const std::size_t end = std::min(text.find_first_of("/?", begin), text.size());
  if (const std::size_t at = text.substr(0, end).rfind('@'); at != std::string_view::npos && at >= begin)
    return at;
  const std::size_t colon = text.substr(0, end).find(':', begin);
  if (text.substr(begin, 1) == "[" || colon == std::string_view::npos ||
      is_ports(text.substr(colon + 1, end - colon - 1)))
    return std::nullopt;
  const std::size_t at = text.find('@', end);
  if (at == std::string_view::npos || text.substr(end, at - end).find('=') != std::string_view::npos)
    return std::nullopt;
  return at;
}

/// A value may be an address, or hosts with a user in front of them.
std::string redacted_value(std::string_view value, Hidden* hidden) {
  const std::string decoded = lenient_decode(value);
  if (decoded.find("://") != std::string::npos) {
    const std::string shown = redacted_address(decoded, hidden);
    return shown == decoded ? std::string(value) : shown;
  }
  const std::size_t colon = decoded.find(':'), at = decoded.rfind('@');
  if (at == std::string::npos || colon >= at) return std::string(value);
  remember(std::string_view(decoded).substr(colon + 1, at - colon - 1), hidden);
  return decoded.substr(0, colon + 1) + kHidden + decoded.substr(at);
}

std::string redacted_parameters(std::string_view query, Hidden* hidden) {
  std::string result;
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      result += pair;
    } else if (is_secret(lenient_decode(pair.substr(0, equals)))) {
      remember(pair.substr(equals + 1), hidden);
      result.append(pair.substr(0, equals + 1)).append(kHidden);
    } else {
      result.append(pair.substr(0, equals + 1)).append(redacted_value(pair.substr(equals + 1), hidden));
    }
    if (end == query.size()) return result;
    result.push_back('&');
    query.remove_prefix(end + 1);
  }
}

}  // namespace

std::string redacted_address(std::string_view text, Hidden* hidden) {
  std::string result;
  if (const std::size_t slashes = text.find("://"); slashes < text.find('?')) {
    const std::size_t begin = slashes + 3;
    if (const auto at = end_of_userinfo(text, begin)) {
      const std::size_t colon = text.substr(0, *at).find(':', begin);
      const std::size_t secret = colon == std::string_view::npos ? begin : colon + 1;
      remember(text.substr(secret, *at - secret), hidden);
      result.append(text.substr(0, secret)).append(kHidden);
      text.remove_prefix(*at);
    }
  }
  const std::size_t question = text.find('?');
  if (question == std::string_view::npos) return result.append(text);
  result.append(text.substr(0, question + 1));
  return result + redacted_parameters(text.substr(question + 1), hidden);
}

}  // namespace weir
