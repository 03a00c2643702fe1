#pragma once

#include <filesystem>
#include <string>

#include "directory_store_io.hpp"

namespace weir {

/// Says which process a store directory belongs to. `LOCK` is held as long as its holder lives; the kernel lets go of it
/// when the process dies, however it dies. `OWNER` names the process that claimed the directory last: one that was fenced
/// while it was stopped still holds the lock, but owns nothing any more.
class DirectoryStoreLock {
 public:
  explicit DirectoryStoreLock(std::filesystem::path directory);

  /// Throws FailJob(kStateUnusable) naming the holder when another process has the lock and `fenced` is false.
  void hold(bool fenced);
  /// Requires: hold(). Makes this process the owner.
  void announce();
  /// Throws Fenced when another process has claimed the directory since.
  void check_owner();
  /// Unique to this claim; part of the names of what is half written, so that two processes never write to one file.
  const std::string& token() const { return token_; }

 private:
  bool try_lock();
  std::string holder() const;

  const std::filesystem::path directory_;
  OpenFile file_;
  const std::string token_;
  bool locked_ = false;
  bool owner_ = false;
};

}  // namespace weir
