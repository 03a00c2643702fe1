#include "s3_owner.hpp"

#include <sstream>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "process_identity.hpp"

namespace weir {

namespace {
constexpr const char* kKey = "OWNER";
/// While it is found out whether an owner lives, it is looked at so often in a lease.
constexpr int kLooks = 12;
}  // namespace

S3Owner::S3Owner(S3Client& client) : client_(client), token_(unique_token()) {}

S3Owner::~S3Owner() {
  if (!renewing_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ends_.notify_all();
  renewing_.join();
  try {
    client_.put(kKey, content(true), {false, etag_});
  } catch (const std::exception&) {  // then the lease runs out
  }
}

/// `token · number of renewals or "released"`, then the process for machines, then for people, then the claim.
std::string S3Owner::content(bool released) const {
  return fmt::format("{} {}\n{}\n{}\n{}\n", token_, released ? "released" : std::to_string(renewals_),
                     process_identity(), this_process(), claim_.load());
}

std::optional<S3Owner::Seen> S3Owner::look() {
  const auto object = client_.get(kKey);
  if (!object) return std::nullopt;
  Seen seen;
  seen.etag = object->etag;
  std::istringstream lines(object->body);
  std::string state;
  lines >> seen.token >> state;
  seen.released = state == "released";
  std::getline(lines, state);
  std::getline(lines, seen.identity);
  std::getline(lines, seen.words);
  lines >> seen.claim;
  return seen;
}

ClaimNumber S3Owner::last_claim() {
  const std::optional<Seen> seen = look();
  return seen ? seen->claim : 0;
}

void S3Owner::hold() {
  if (claim_ != 0) return check();
  for (bool waited = false;;) {
    const std::optional<Seen> seen = look();
    const bool free = !seen || seen->released || seen->token == token_ || waited || has_ended(seen->identity);
    if (free) {
      if (take(seen, (seen ? seen->claim : 0) + 1)) return;
      waited = false;
    } else if (wait_for_silence(*seen)) {
      waited = true;
    } else {
      throw FailJob(
          fmt::format("{} is in use by {}; end that process first, or give this instance a place of its own",
                      client_.address().shown(), seen->words),
          ExitCode::kStateUnusable);
    }
  }
}

void S3Owner::take_over(ClaimNumber number) {
  if (claim_ >= number) return check();
  for (;;) {
    const std::optional<Seen> seen = look();
    if (seen && seen->token != token_ && seen->claim >= number) lost(seen->words);
    kill_point("claim_before_owner");
    if (take(seen, number)) return;
  }
}

/// True when nothing was heard of the other for a lease.
bool S3Owner::wait_for_silence(const Seen& other) {
  for (int n = 0; n < kLooks; ++n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(client_.address().lease) / kLooks);
    const std::optional<Seen> seen = look();
    if (!seen || seen->released || has_ended(seen->identity)) return true;
    if (seen->etag != other.etag) return false;
  }
  return true;
}

bool S3Owner::take(const std::optional<Seen>& from, ClaimNumber number) {
  S3Condition condition;
  condition.absent = !from;
  if (from) condition.etag = from->etag;
  const std::lock_guard lock(writing_);
  const ClaimNumber before = claim_.exchange(number);
  const auto etag = client_.put(kKey, content(false), condition);
  if (!etag) {  // someone was faster, or an answer of ours was lost: the next look tells
    claim_ = before;
    return false;
  }
  etag_ = *etag;
  if (!renewing_.joinable()) renewing_ = std::thread([this] { keep_renewing(); });
  return true;
}

void S3Owner::check() {
  if (claim_ == 0) return;
  const std::optional<Seen> seen = look();
  if (!seen || seen->token != token_) lost(seen ? seen->words : "someone who removed its OWNER");
}

void S3Owner::lost(const std::string& to) const {
  throw Fenced(fmt::format("{} has been taken over by {}: this process is no longer the job's",
                           client_.address().shown(), to));
}

void S3Owner::keep_renewing() {
  const auto pause = std::chrono::milliseconds(client_.address().lease) / 3;
  const auto ended = [&] {
    std::unique_lock lock(mutex_);
    return ends_.wait_for(lock, pause, [this] { return ending_; });
  };
  while (!ended()) renew();
}

/// What goes wrong is found by the next check(), or was passing.
void S3Owner::renew() {
  const std::lock_guard lock(writing_);
  try {
    ++renewals_;
    if (const auto etag = client_.put(kKey, content(false), {false, etag_})) etag_ = *etag;
    else if (const auto seen = look(); seen && seen->token == token_) etag_ = seen->etag;
  } catch (const std::exception&) {
  }
}

}  // namespace weir
