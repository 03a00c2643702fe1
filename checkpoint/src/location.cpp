#include <weir/checkpoint/location.hpp>

#include <filesystem>

#include <weir/core/error.hpp>

#include "s3_client.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

S3Client client_of(const std::string& location) {
  return S3Client(S3Address::parse(location), S3Credentials::of_environment());
}

template <class Action>
auto asking(const std::string& location, const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const S3Failure& failure) {
    throw FailJob(S3Address::parse(location).shown() + ": " + failure.what(),
                  failure.status == 0 ? ExitCode::kCannotConnect : ExitCode::kUsage);
  }
}

}  // namespace

bool is_remote(const std::string& location) { return location.starts_with(kS3Scheme); }

std::unique_ptr<CheckpointStore> make_store(const std::string& location, StoreClaim claim) {
  return is_remote(location) ? make_s3_store(location, claim) : make_directory_store(location, claim);
}

bool may_hold_checkpoints(const std::string& location) {
  std::error_code ignored;
  return is_remote(location) || fs::is_directory(fs::path(location) / "manifests", ignored);
}

bool is_taken(const std::string& location) {
  if (!is_remote(location)) return fs::exists(location);
  return asking(location, [&] { return !client_of(location).list("").empty(); });
}

void remove_all(const std::string& location) {
  if (!is_remote(location)) {
    fs::remove_all(location);
    return;
  }
  asking(location, [&] {
    S3Client client = client_of(location);
    // Manifests first: a savepoint that is half removed must not look like a whole one.
    for (const S3Listed& object : client.list("manifests/")) client.remove(object.key);
    for (const S3Listed& object : client.list("")) client.remove(object.key);
  });
}

}  // namespace weir
