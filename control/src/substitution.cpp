#include "substitution.hpp"

#include <optional>

#include <fmt/format.h>

#include "bounded_file.hpp"

namespace weir {

namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;

std::optional<std::string> file_content(const std::string& path, Problems& problems) {
  BoundedFile file = read_bounded_file(path, kFileBytesMax);
  if (!file.problem.empty()) {
    problems.push_back(fmt::format("the file of ${{file:{}}} {}", path, file.problem));
    return std::nullopt;
  }
  std::string& content = file.content;
  if (!content.empty() && content.back() == '\n') content.pop_back();
  if (!content.empty() && content.back() == '\r') content.pop_back();
  return std::move(content);
}

std::optional<std::string> resolve(const std::string& reference,
                                   const std::map<std::string, std::string>& variables, Problems& problems) {
  if (reference.rfind("env:", 0) == 0) {
    const std::string name = reference.substr(4);
    const auto found = variables.find(name);
    if (found != variables.end()) return found->second;
    problems.push_back(fmt::format("the environment variable of ${{env:{}}} is not set", name));
    return std::nullopt;
  }
  if (reference.rfind("file:", 0) == 0) return file_content(reference.substr(5), problems);
  problems.push_back("a reference is neither ${env:NAME} nor ${file:/path}; write $$ for a plain $");
  return std::nullopt;
}

}  // namespace

Substituted substitute(const std::string& text, const std::map<std::string, std::string>& variables) {
  Substituted result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '$' || (next != '$' && next != '{')) {
      result.text.push_back(text[i]);
      continue;
    }
    ++i;
    if (next == '$') {
      result.text.push_back('$');
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string::npos) {
      result.problems.push_back("a reference ${… has no closing brace; write $$ for a plain $");
      return result;
    }
    result.had_reference = true;
    if (const auto value = resolve(text.substr(i + 1, end - i - 1), variables, result.problems)) {
      result.text += *value;
      result.values.push_back(*value);
    }
    i = end;
  }
  return result;
}

}  // namespace weir
