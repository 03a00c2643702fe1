#include "s3_address.hpp"

#include <charconv>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include <weir/core/connector.hpp>
#include <weir/core/error.hpp>
#include <weir/core/nearest_word.hpp>
#include <weir/core/redaction.hpp>

namespace weir {

namespace {

[[noreturn]] void refuse_address(const std::string& text, const std::string& why) {
  throw FailJob(
      fmt::format(
          "{}: {}; an address is s3://BUCKET/PREFIX?region=REGION, with endpoint=http://HOST:PORT for "
          "stores other than Amazon's",
          redacted_address(text), why),
      ExitCode::kUsage);
}

/// In an address they would be shown with it.
void refuse_userinfo(const std::string& text, std::string_view part) {
  if (part.find('@') != std::string_view::npos)
    refuse_address(
        text,
        "no user, key or password stands in an address; they are the variables AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY");
}

std::uint64_t whole(const std::string& text, const std::string& name, const std::string& value,
                    std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most)
    refuse_address(text, fmt::format("{}={} is not a whole number, {} to {}", name, value, least, most));
  return number;
}

void take_endpoint(S3Address& address, const std::string& text, std::string_view endpoint) {
  constexpr std::string_view kHttp = "http://", kHttps = "https://";
  address.tls = endpoint.starts_with(kHttps);
  if (!address.tls && !endpoint.starts_with(kHttp))
    refuse_address(text, fmt::format("endpoint={} is not http:// or https://", redacted_address(endpoint)));
  endpoint.remove_prefix(address.tls ? kHttps.size() : kHttp.size());
  refuse_userinfo(text, endpoint);
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  const std::size_t bracket = endpoint.find(']');  // of an IPv6 address
  const std::size_t colon = endpoint.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = endpoint.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  address.port = colon == std::string_view::npos ? (address.tls ? "443" : "80")
                                                 : std::string(endpoint.substr(colon + 1));
  if (address.host.empty() || address.host.find('/') != std::string::npos)
    refuse_address(text, "endpoint has no host, or a path behind it");
  whole(text, "the endpoint's port", address.port, 1, 65535);
}

[[noreturn]] void refuse_parameter(const std::string& text, const std::string& name) {
  const std::vector<std::string> known = {"endpoint", "region", "part_bytes", "lease_seconds"};
  const auto near = nearest_word(name, known);
  refuse_address(text, fmt::format("there is no parameter {}{}", name,
                                   near ? fmt::format("; did you mean {}?", *near)
                                        : ": only endpoint, region, part_bytes and lease_seconds"));
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

std::string required(const char* name) {
  if (const char* value = variable(name)) return value;
  throw FailJob(fmt::format("{} is not set: it is needed for checkpoints in s3://", name), ExitCode::kUsage);
}

}  // namespace

S3Address S3Address::parse(const std::string& text) {
  const ConnectorUri uri = ConnectorUri::parse(text);
  S3Address address;
  address.bucket = uri.authority;
  address.prefix = uri.path;
  refuse_userinfo(text, text.substr(0, text.find('?')));
  if (address.bucket.empty()) refuse_address(text, "the bucket is missing");
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  while (address.prefix.starts_with('/')) address.prefix.erase(0, 1);
  if (!address.prefix.empty()) address.prefix += '/';
  std::string endpoint;
  for (const auto& [name, value] : uri.parameters) {
    if (name == "endpoint") endpoint = value;
    else if (name == "region") address.region = value;
    else if (name == "part_bytes")
      address.part_bytes = whole(text, name, value, 5 << 20, std::uint64_t{1} << 30);
    else if (name == "lease_seconds") address.lease = std::chrono::seconds(whole(text, name, value, 1, 3600));
    else refuse_parameter(text, name);
  }
  if (address.region.empty()) {
    if (const char* region = variable("AWS_REGION")) address.region = region;
    else if (!endpoint.empty()) address.region = "us-east-1";
    else refuse_address(text, "the region is missing");
  }
  take_endpoint(address, text,
                endpoint.empty() ? fmt::format("https://s3.{}.amazonaws.com", address.region) : endpoint);
  return address;
}

std::string S3Address::shown(std::string_view key) const {
  return fmt::format("{}{}/{}{}", kS3Scheme, bucket, prefix, key);
}

std::string S3Address::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return port == (tls ? "443" : "80") ? name : fmt::format("{}:{}", name, port);
}

S3Credentials S3Credentials::of_environment() {
  S3Credentials credentials{required("AWS_ACCESS_KEY_ID"), required("AWS_SECRET_ACCESS_KEY"), ""};
  if (const char* token = variable("AWS_SESSION_TOKEN")) credentials.token = token;
  return credentials;
}

}  // namespace weir
