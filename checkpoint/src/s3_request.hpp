#pragma once

#include <map>
#include <string>
#include <string_view>

#include "s3_address.hpp"

namespace weir {

/// What is sent to the store. Header names in lower case.
struct S3Request {
  std::string method;
  std::string path;                          ///< "/bucket/key", as it is, not encoded
  std::map<std::string, std::string> query;  ///< not encoded
  std::map<std::string, std::string> headers;
  std::string body;

  /// Path and query as they go over the wire, and as they are signed.
  std::string target() const;
};

struct S3Response {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// Adds the headers that prove who asks and that nothing was changed on the way: AWS Signature Version 4, with the body's SHA-256.
/// `date`: "20260131T235959Z". Source: AWS, "Authenticating Requests: Using the Authorization Header".
void sign(S3Request& request, const S3Address& address, const S3Credentials& credentials,
          const std::string& date);

/// Bytes of a path or of a query's part that must be told by their number are; `slash`: whether / is one of them.
std::string percent_encoded(std::string_view text, bool slash);
std::string sha256_hex(std::string_view bytes);

}  // namespace weir
