#pragma once

#include <filesystem>
#include <string>

#include <weir/core/claim.hpp>

#include "directory_store_io.hpp"

namespace weir {

/// Says which process a store directory belongs to. `LOCK` is held as long as its holder lives; the kernel lets go of it
/// when the process dies, however it dies. Of `OWNER.<claim>` the highest names the process that claimed the directory last: one that was fenced
/// while it was stopped still holds the lock, but owns nothing any more. Each is made by a link, so that a claim is one process' and a late one never hides a later one.
class DirectoryStoreLock {
 public:
  explicit DirectoryStoreLock(std::filesystem::path directory);

  /// Throws FailJob(kStateUnusable) naming the holder when another process has the lock.
  void hold();
  /// The highest claim that has left a trace.
  ClaimNumber last_claim() const;
  /// Requires: hold(). Makes this process the owner, by the next claim.
  void announce_next();
  /// Makes this process the owner by this claim. Throws Fenced when there is a later one.
  void announce(ClaimNumber number);
  /// Throws Fenced when another process has claimed the directory since.
  void check_owner();
  /// This process' own; 0: none yet.
  ClaimNumber claim() const { return claim_; }
  /// Unique to this claim; part of the names of what is half written, so that two processes never write to one file.
  const std::string& token() const { return token_; }

 private:
  bool try_lock();
  bool try_announce(ClaimNumber number);
  void remove_earlier();
  [[noreturn]] void lost() const;
  std::filesystem::path owner_path(ClaimNumber number) const;

  const std::filesystem::path directory_;
  OpenFile file_;
  const std::string token_;
  bool locked_ = false;
  ClaimNumber claim_ = 0;
};

}  // namespace weir
