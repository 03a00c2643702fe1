#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <weir/core/claim.hpp>

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

  /// Makes this process the owner, by the next claim. Throws FailJob(kStateUnusable) naming the owner when that lives. May wait for a lease to run out. Idempotent.
  void hold();
  /// Makes it the owner by this claim, whoever was it before. Throws Fenced when there is a later claim.
  void take_over(ClaimNumber number);
  /// The highest claim that has left a trace.
  ClaimNumber last_claim();
  /// This process' own; 0: none yet.
  ClaimNumber claim() const { return claim_; }
  /// Throws Fenced when this process was the owner and is no more.
  void check();

 private:
  struct Seen {
    std::string etag, token, identity, words;
    bool released = false;
    ClaimNumber claim = 0;
  };
  std::optional<Seen> look();
  std::string content(bool released) const;
  /// False when somebody else was faster.
  bool take(const std::optional<Seen>& from, ClaimNumber number);
  bool wait_for_silence(const Seen& other);
  void keep_renewing();
  void renew();
  [[noreturn]] void lost(const std::string& to) const;

  S3Client& client_;
  const std::string token_;
  std::atomic<ClaimNumber> claim_{0};
  std::mutex writing_;  ///< guards the next two
  std::string etag_;    ///< of what this process wrote last
  std::uint64_t renewals_ = 0;
  std::mutex mutex_;  ///< guards ending_
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread renewing_;
};

}  // namespace weir
