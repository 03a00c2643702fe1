#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// A place in an S3 store: `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-central-1`. docs/state.md.
struct S3Address {
  std::string bucket;
  std::string prefix;  ///< of all keys, with a slash at its end; or empty
  bool tls = true;
  std::string host;
  std::string port;
  std::string region;
  std::size_t part_bytes = std::size_t{16} << 20;  ///< larger files are uploaded in parts of this size
  std::chrono::seconds lease{30};  ///< an owner that has not been heard of for so long is taken to be dead

  /// Throws FailJob(kUsage) with the text and what is wrong with it.
  static S3Address parse(const std::string& text);
  /// "s3://bucket/prefix/key", for people.
  std::string shown(std::string_view key = "") const;
  /// For the Host header: the port only where it is not the usual one.
  std::string authority() const;
};

inline constexpr std::string_view kS3Scheme = "s3://";

/// Who signs requests; from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
struct S3Credentials {
  std::string key_id;
  std::string secret;
  std::string token;  ///< empty: of no session

  /// Throws FailJob(kUsage) naming the variable that is missing.
  static S3Credentials of_environment();
};

}  // namespace weir
