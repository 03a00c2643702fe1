#include "store_claims.hpp"

namespace weir {

std::set<std::string> files_named_by(const Manifest& manifest) {
  std::set<std::string> named;
  for (const StateShard& shard : manifest.shards)
    for (const StoredFile& file : shard.files) named.insert(file.checksum.hex());
  return named;
}

void StoreClaims::published(const std::set<std::string>& named) {
  ++publications_;
  std::erase_if(claims_, [&](const auto& claim) {
    return named.contains(claim.first) || claim.second + kLapseAfter <= publications_;
  });
}

}  // namespace weir
