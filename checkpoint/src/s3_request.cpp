#include "s3_request.hpp"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <weir/core/assert.hpp>

namespace weir {

namespace {

using Hash = std::array<unsigned char, 32>;

constexpr std::string_view kService = "s3";
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

Hash sha256(std::string_view bytes) {
  Hash hash{};
  unsigned size = 0;
  const int ok = EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr);
  WEIR_ASSERT(ok == 1 && size == hash.size(), "SHA-256 is to be had");
  return hash;
}

Hash hmac(std::string_view key, std::string_view message) {
  Hash hash{};
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), hash.data(), &size);
  WEIR_ASSERT(done != nullptr && size == hash.size(), "HMAC-SHA256 is to be had");
  return hash;
}

std::string_view bytes_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
std::string hex(const Hash& hash) { return fmt::format("{:02x}", fmt::join(hash, "")); }

/// Query parameters are in the order of their encoded names; those of S3 are plain words, which the map has in order.
std::string canonical_query(const S3Request& request) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : request.query)
    pairs.push_back(fmt::format("{}={}", percent_encoded(name, true), percent_encoded(value, true)));
  return fmt::format("{}", fmt::join(pairs, "&"));
}

}  // namespace

std::string percent_encoded(std::string_view text, bool slash) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && !slash);
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

std::string S3Request::target() const {
  const std::string encoded = percent_encoded(path, false);
  return query.empty() ? encoded : encoded + "?" + canonical_query(*this);
}

void sign(S3Request& request, const S3Address& address, const S3Credentials& credentials,
          const std::string& date) {
  const std::string body_hash = sha256_hex(request.body);
  request.headers["host"] = address.authority();
  request.headers["x-amz-date"] = date;
  request.headers["x-amz-content-sha256"] = body_hash;
  if (!credentials.token.empty()) request.headers["x-amz-security-token"] = credentials.token;

  std::string lines;
  std::vector<std::string> names;
  for (const auto& [name, value] : request.headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names.push_back(name);
  }
  const std::string signed_names = fmt::format("{}", fmt::join(names, ";"));
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, percent_encoded(request.path, false),
                  canonical_query(request), lines, signed_names, body_hash);

  const std::string day = date.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, address.region, kService);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, sha256_hex(canonical));
  Hash key = hmac("AWS4" + credentials.secret, day);
  key = hmac(bytes_of(key), address.region);
  key = hmac(bytes_of(key), kService);
  key = hmac(bytes_of(key), "aws4_request");
  request.headers["authorization"] =
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.key_id, scope,
                  signed_names, hex(hmac(bytes_of(key), to_sign)));
}

}  // namespace weir
