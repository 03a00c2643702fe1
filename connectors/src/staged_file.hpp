#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <weir/core/environment.hpp>

#include "byte_stream.hpp"

namespace weir {

/// Syncs a directory, so that names made or changed in it survive a crash. Throws RestartJob.
void sync_directory(const std::string& path);

/// One file being written off the workers: blocks go to a lane of the environment, which compresses, writes
/// and, at the end, syncs. The worker only asks how far it has come. Whatever fails there is thrown here as
/// RestartJob by the next call. Must be held by a shared_ptr: jobs on the lane keep it alive.
class StagedFile : public std::enable_shared_from_this<StagedFile> {
 public:
  StagedFile(Environment& environment, std::string lane, std::string directory, std::string name,
             Compression compression);
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  /// Hands over a block to be written after the ones before.
  void write(std::string block);
  /// Hands over the end: the file and the directory's entry of it are made durable.
  void finish();
  /// True once that has happened.
  bool finished() const;
  /// Throws RestartJob when anything has failed on the lane.
  void check() const;
  /// Bytes handed over and not yet written: what a writer bounds.
  std::size_t waiting_bytes() const { return waiting_.load(std::memory_order_relaxed); }

  const std::string& name() const { return name_; }
  /// Of the file's bytes. Require: finished().
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t checksum() const;

 private:
  struct Content;
  template <class Job>
  void on_lane(Job job);
  void open();
  void append(std::string_view bytes);
  void sync();

  Environment& environment_;
  const std::string lane_;
  const std::string directory_;
  const std::string name_;
  std::unique_ptr<Content> content_;  ///< touched on the lane only
  std::uint64_t bytes_ = 0;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> finished_{false};
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::string failure_;
};

}  // namespace weir
