#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "s3_address.hpp"
#include "s3_http.hpp"
#include "s3_request.hpp"

namespace weir {

/// A request that was refused, or had no answer although it was repeated.
struct S3Failure : std::runtime_error {
  S3Failure(int s, const std::string& what) : std::runtime_error(what), status(s) {}
  int status;  ///< of HTTP; 0: no answer
};

/// An object's content, and the mark that changes with it.
struct S3Object {
  std::string body;
  std::string etag;
};

struct S3Listed {
  std::string key;  ///< without the address' prefix
  std::uint64_t bytes = 0;
};

/// What an object must be like for a put to take place.
struct S3Condition {
  bool absent = false;
  std::string etag;  ///< the object must still have this one; empty: whatever it is
};

/// The objects below an address. What fails for a passing reason (no answer, 408, 429, 5xx) is repeated, waiting longer each time; so a
/// conditional put may find what itself has put. Keys are relative to the address' prefix. Calls block; any thread. Throws S3Failure.
class S3Client {
 public:
  S3Client(S3Address address, S3Credentials credentials);

  const S3Address& address() const { return address_; }

  std::optional<S3Object> get(const std::string& key);
  /// Bytes [begin, end) of an object; nullopt: there is none, or it is not that long.
  std::optional<std::string> get_range(const std::string& key, std::uint64_t begin, std::uint64_t end);
  std::optional<std::uint64_t> bytes_of(const std::string& key);
  /// The object's etag; nullopt when the condition does not hold.
  std::optional<std::string> put(const std::string& key, const std::string& body,
                                 const S3Condition& condition = {});
  /// In one piece, or in parts where it is larger than one.
  void put_file(const std::string& key, const std::filesystem::path& path, std::uint64_t bytes);
  void remove(const std::string& key);
  std::vector<S3Listed> list(const std::string& prefix);
  /// Ends uploads in parts that someone has begun and not completed, of the keys that `of` says.
  void abort_uploads(const std::function<bool(const std::string& key)>& of);

 private:
  S3Response send(S3Request request);
  S3Response send_once(S3Request request);
  /// The answer, unless it is an error other than those.
  S3Response expect(S3Request request, std::initializer_list<int> fine);
  S3Request request(const std::string& method, const std::string& key) const;
  std::string upload_part(const std::string& key, const std::string& upload, std::size_t number,
                          std::string part);
  void upload_parts(const std::string& key, const std::string& upload, const std::filesystem::path& path);
  void abort_upload(const std::string& full_key, const std::string& upload);

  const S3Address address_;
  const S3Credentials credentials_;
  S3Http http_;
};

}  // namespace weir
