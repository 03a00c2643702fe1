#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// Stored names of the files that a manifest names.
std::set<std::string> files_named_by(const Manifest& manifest);
/// The claim that a stored file's name begins with; 0 for the checksum alone; none: no such name.
std::optional<ClaimNumber> claim_of_stored(std::string_view name);

/// What a store relies on of its files, and what it may remove: by name, because the same content may be there under other claims, whose it is not. Not thread-safe.
class StoreClaims {
 public:
  /// Content that is there, by this process or by a manifest that it goes on from.
  struct Known {
    ClaimNumber claim = 0;
    bool verified = false;  ///< durable, and read back or written by this process
  };
  const Known* known(const Checksum& checksum) const;
  void know(const StoredFile& file, bool verified);
  /// The file that this process writes under this name is its own to remove.
  void own(const std::string& name) { own_.insert(name); }

  /// The file has been put and is not named by a manifest yet: a clean-up between put() and publish() must leave it.
  void hold(const std::string& name) { held_[name] = publications_; }
  /// A manifest has been published: what it names is safe by that.
  void published(const std::set<std::string>& named);
  bool holds(const std::string& name) const { return held_.contains(name); }

  /// Of the files of manifests that have gone and of this process' own those that no other manifest names and that are not held.
  std::set<std::string> removable(const std::set<std::string>& of_gone,
                                  const std::set<std::string>& named) const;
  /// It is about to be removed.
  void forget(const std::string& name);

 private:
  /// Holds of an epoch that came to nothing lapse after so many later ones; more are never under way at once.
  static constexpr std::uint64_t kLapseAfter = 8;

  std::map<std::string, Known> known_;         ///< by checksum, in hex
  std::set<std::string> own_;                  ///< names
  std::map<std::string, std::uint64_t> held_;  ///< names, and how many manifests had been published before
  std::uint64_t publications_ = 0;
};

}  // namespace weir
