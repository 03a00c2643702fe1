#include "s3_xml.hpp"

#include <array>
#include <utility>

namespace weir {

namespace {

std::string resolved(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 7> kEntities{{{"&amp;", '&'},
                                                                        {"&lt;", '<'},
                                                                        {"&gt;", '>'},
                                                                        {"&quot;", '"'},
                                                                        {"&apos;", '\''},
                                                                        {"&#34;", '"'},
                                                                        {"&#39;", '\''}}};
  std::string out;
  while (!text.empty()) {
    std::size_t taken = 1;
    char c = text.front();
    for (const auto& [entity, character] : kEntities) {
      if (!text.starts_with(entity)) continue;
      taken = entity.size();
      c = character;
    }
    out += c;
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view document, std::string_view name) {
  const std::string open = "<" + std::string(name), close = "</" + std::string(name) + ">";
  std::vector<std::string_view> found;
  for (std::size_t at = 0; (at = document.find(open, at)) != std::string_view::npos;) {
    at += open.size();
    if (at >= document.size() || (document[at] != '>' && document[at] != ' ')) continue;  // a longer name
    const std::size_t begin = document.find('>', at) + 1;
    const std::size_t end = document.find(close, begin);
    if (begin == 0 || end == std::string_view::npos) break;
    found.push_back(document.substr(begin, end - begin));
    at = end + close.size();
  }
  return found;
}

std::string xml_text(std::string_view document, std::string_view name) {
  const auto found = xml_elements(document, name);
  return found.empty() ? "" : resolved(found.front());
}

}  // namespace weir
