#include "epoch_name.hpp"

#include <fmt/format.h>

namespace weir {

namespace {
constexpr std::size_t kEpochDigits = 20;
}

std::string epoch_name(Epoch epoch) { return fmt::format("{:0{}}", epoch, kEpochDigits); }

std::optional<Epoch> epoch_in(const std::string& name, std::string_view suffix) {
  if (name.size() < kEpochDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  if (suffix.empty() && name.size() != kEpochDigits) return std::nullopt;
  const std::string digits = name.substr(0, kEpochDigits);
  if (digits.find_first_not_of("0123456789") != std::string::npos || digits > "18446744073709551615")
    return std::nullopt;
  return std::stoull(digits);
}

}  // namespace weir
