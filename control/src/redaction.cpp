#include "redaction.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace weir {

namespace {

constexpr std::size_t kShortestSearched = 4;
constexpr std::size_t kShortestLine = 8;
/// Less of a secret in base64 would be found in texts that do not hold it.
constexpr std::size_t kShortestBase64 = 6;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 128 ? std::tolower(c) : c); });
  return result;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_word(c) || c == '-' || c == '.' || c == '_' || c == '~') encoded += c;
    else encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

/// The digits that `text` has in base64 wherever it stands in a longer text, `skipped` bytes behind a whole group.
std::string base64_inside(std::string_view text, std::size_t skipped) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string digits;
  // Digits of six bits: the first one that holds nothing but bits of the text, and so on.
  const std::size_t bits = 8 * (skipped + text.size());
  for (std::size_t at = (8 * skipped + 5) / 6 * 6; at + 6 <= bits; at += 6) {
    unsigned value = 0;
    for (std::size_t bit = at; bit < at + 6; ++bit) {
      const auto byte = static_cast<unsigned char>(text[bit / 8 - skipped]);
      value = value * 2 + ((byte >> (7 - bit % 8)) & 1u);
    }
    digits += kDigits[value];
  }
  return digits;
}

void replace_all(std::string& text, std::string& folded, const std::string& form) {
  for (std::size_t at = folded.find(form); at != std::string::npos; at = folded.find(form, at + 3)) {
    text.replace(at, form.size(), kHidden);
    folded.replace(at, form.size(), kHidden);
  }
}

void replace_behind_marks(std::string& text, std::string& folded, const std::string& form) {
  for (std::size_t at = folded.find(form); at != std::string::npos; at = folded.find(form, at + 1)) {
    const std::size_t end = at + form.size();
    if (at == 0 || (folded[at - 1] != ':' && folded[at - 1] != '=') ||
        (end < folded.size() && is_word(folded[end])))
      continue;
    text.replace(at, form.size(), kHidden);
    folded.replace(at, form.size(), kHidden);
  }
}

}  // namespace

void Secrets::add(const std::string& value) {
  if (value.empty()) return;
  if (value.size() < kShortestSearched) {
    short_.insert(lowered(value));
    return;
  }
  add_forms(value);
  if (value.find('\n') == std::string::npos) return;
  for (std::string_view rest = value; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    // What frames a key is the same for all.
    if (line.size() >= kShortestLine && line.substr(0, 5) != "-----") add_forms(line);
  }
}

void Secrets::add_forms(std::string_view value) {
  forms_.insert(lowered(value));
  forms_.insert(lowered(percent_encoded(value)));
  for (const std::size_t skipped : {0u, 1u, 2u})
    if (const std::string digits = base64_inside(value, skipped); digits.size() >= kShortestBase64)
      forms_.insert(lowered(digits));
}

void Secrets::add_all(const std::vector<std::string>& values) {
  for (const std::string& value : values) add(value);
}

std::string Secrets::scrub(std::string text) const {
  if (forms_.empty() && short_.empty()) return text;
  std::string folded = lowered(text);
  for (const std::string& form : forms_) replace_all(text, folded, form);
  for (const std::string& form : short_) replace_behind_marks(text, folded, form);
  return text;
}

}  // namespace weir
