#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// Checksums, in hex, of the files that a manifest names.
std::set<std::string> files_named_by(const Manifest& manifest);

/// Files that have been put and are not named by a manifest yet: a clean-up between put() and publish() must leave them.
/// Not thread-safe.
class StoreClaims {
 public:
  void claim(const std::string& hex) { claims_[hex] = publications_; }
  /// A manifest has been published: what it names is safe by that.
  void published(const std::set<std::string>& named);
  bool holds(const std::string& hex) const { return claims_.contains(hex); }

 private:
  /// Claims of an epoch that came to nothing lapse after so many later ones; more are never under way at once.
  static constexpr std::uint64_t kLapseAfter = 8;

  std::map<std::string, std::uint64_t> claims_;  ///< and how many manifests had been published before
  std::uint64_t publications_ = 0;
};

}  // namespace weir
