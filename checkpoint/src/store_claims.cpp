#include "store_claims.hpp"

#include <charconv>

namespace weir {

std::set<std::string> files_named_by(const Manifest& manifest) {
  std::set<std::string> named;
  for (const StateShard& shard : manifest.shards)
    for (const StoredFile& file : shard.files) named.insert(file.stored_name());
  return named;
}

std::optional<ClaimNumber> claim_of_stored(std::string_view name) {
  constexpr std::size_t kHexDigits = 32;
  const auto is_hex = [](std::string_view text) {
    return text.size() == kHexDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  if (is_hex(name)) return 0;
  const std::size_t dash = name.find('-');
  ClaimNumber claim = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + std::min(dash, name.size()), claim);
  if (dash == std::string_view::npos || error != std::errc{} || end != name.data() + dash || claim == 0 ||
      !is_hex(name.substr(dash + 1)))
    return std::nullopt;
  return claim;
}

const StoreClaims::Known* StoreClaims::known(const Checksum& checksum) const {
  const auto found = known_.find(checksum.hex());
  return found == known_.end() ? nullptr : &found->second;
}

void StoreClaims::know(const StoredFile& file, bool verified) {
  Known& known = known_.try_emplace(file.checksum.hex(), Known{file.claim, false}).first->second;
  if (known.claim == file.claim) known.verified = known.verified || verified;
  else if (verified && !known.verified) known = {file.claim, true};
}

void StoreClaims::published(const std::set<std::string>& named) {
  ++publications_;
  std::erase_if(held_, [&](const auto& held) {
    return named.contains(held.first) || held.second + kLapseAfter <= publications_;
  });
}

std::set<std::string> StoreClaims::removable(const std::set<std::string>& of_gone,
                                             const std::set<std::string>& named) const {
  std::set<std::string> names = of_gone;
  names.insert(own_.begin(), own_.end());
  std::erase_if(names, [&](const std::string& name) { return named.contains(name) || holds(name); });
  return names;
}

void StoreClaims::forget(const std::string& name) {
  own_.erase(name);
  const std::string hex = name.substr(name.find('-') + 1);  // all of it where there is none
  if (const auto found = known_.find(hex);
      found != known_.end() && claim_of_stored(name) == found->second.claim)
    known_.erase(found);
}

}  // namespace weir
