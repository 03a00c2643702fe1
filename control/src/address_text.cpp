#include "address_text.hpp"

namespace weir {

std::optional<std::string> take_parameter(std::string& address, std::string_view name) {
  const std::size_t question = address.find('?');
  if (question == std::string::npos) return std::nullopt;
  std::size_t begin = question + 1;
  while (begin < address.size()) {
    const std::size_t end = std::min(address.find('&', begin), address.size());
    const std::string_view pair = std::string_view(address).substr(begin, end - begin);
    if (pair.substr(0, pair.find('=')) != name) {
      begin = end + 1;
      continue;
    }
    const std::string value(pair.size() > name.size() ? pair.substr(name.size() + 1) : std::string_view());
    // The separator behind goes with it; at the end, the one before it does.
    if (end < address.size()) address.erase(begin, end + 1 - begin);
    else address.erase(begin - 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace weir
