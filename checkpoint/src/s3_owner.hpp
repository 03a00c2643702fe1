#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "s3_client.hpp"

namespace weir {

/// Says which process an S3 location belongs to: the object `OWNER`, which its owner writes anew three times a lease. Every change of it is a
/// conditional put, so that of two that want it one gets it. An owner that ends says so; one that is killed is found dead under the same
/// kernel at once, and elsewhere when its lease has run out without a word.
///
/// Leases only decide who may begin. What keeps a process that is late from doing harm is check(): the object tells whose the place is,
/// and S3 is consistent. Any thread.
class S3Owner {
 public:
  explicit S3Owner(S3Client& client);
  ~S3Owner();
  S3Owner(const S3Owner&) = delete;
  S3Owner& operator=(const S3Owner&) = delete;

  /// Makes this process the owner. Throws FailJob(kStateUnusable) naming the owner when that lives; but where `fenced`, takes its place.
  /// May wait for a lease to run out. Idempotent.
  void hold(bool fenced);
  /// Throws Fenced when this process was the owner and is no more.
  void check();

 private:
  struct Seen {
    std::string etag, token, identity, words;
    bool released = false;
  };
  std::optional<Seen> look();
  std::string content(bool released) const;
  bool take(const std::optional<Seen>& from);
  bool wait_for_silence(const Seen& other);
  void keep_renewing();
  void renew();
  [[noreturn]] void lost(const std::string& to) const;

  S3Client& client_;
  const std::string token_;
  std::atomic<bool> owner_{false};
  std::string etag_;            ///< of what this process wrote last; the renewing thread's own
  std::uint64_t renewals_ = 0;  ///< likewise
  std::mutex mutex_;            ///< guards ending_
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread renewing_;
};

}  // namespace weir
