#include "s3_client.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "s3_xml.hpp"

namespace weir {

namespace {

constexpr int kAttempts = 7;
constexpr std::chrono::milliseconds kFirstWait{50};
/// For one request; a part is some megabytes.
constexpr std::chrono::milliseconds kTimeout{30'000};

bool passes(int status) { return status == 408 || status == 429 || status >= 500; }
constexpr int kNotImplemented = 501;

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

std::string header(const S3Response& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

std::string what_is_wrong(const S3Request& request, const S3Response& response) {
  std::string why = xml_text(response.body, "Code");
  if (const std::string message = xml_text(response.body, "Message"); !message.empty()) why += ": " + message;
  return fmt::format("{} {} was answered with {}{}{}", request.method, request.path, response.status,
                     why.empty() ? "" : " ", why);
}

}  // namespace

S3Client::S3Client(S3Address address, S3Credentials credentials)
    : address_(std::move(address)),
      credentials_(std::move(credentials)),
      http_(address_.host, address_.port, address_.tls, kTimeout) {}

S3Request S3Client::request(const std::string& method, const std::string& key) const {
  S3Request request;
  request.method = method;
  request.path = fmt::format("/{}/{}{}", address_.bucket, address_.prefix, key);
  return request;
}

S3Response S3Client::send_once(S3Request request) {
  sign(request, address_, credentials_, now());
  return http_.exchange(request);
}

S3Response S3Client::send(S3Request request) {
  std::chrono::milliseconds wait = kFirstWait;
  for (int attempt = 1;; ++attempt, wait *= 2) {
    try {
      S3Response response = send_once(request);
      const bool again = passes(response.status) && response.status != kNotImplemented;
      if (!again || attempt == kAttempts) return response;
    } catch (const NoAnswer& failure) {
      if (attempt == kAttempts)
        throw S3Failure(
            0, fmt::format("{} {}: {}, {} times", request.method, request.path, failure.what(), attempt));
    }
    // A connection that was kept may have been closed by the server: the first time again at once, on a new one.
    if (attempt > 1) std::this_thread::sleep_for(wait);
  }
}

S3Response S3Client::expect(S3Request request, std::initializer_list<int> fine) {
  const S3Response response = send(request);
  if (std::find(fine.begin(), fine.end(), response.status) == fine.end())
    throw S3Failure(response.status, what_is_wrong(request, response));
  return response;
}

std::optional<S3Object> S3Client::get(const std::string& key) {
  S3Response response = expect(request("GET", key), {200, 404});
  if (response.status == 404) {
    // A bucket that is not there is no empty one.
    if (xml_text(response.body, "Code") == "NoSuchBucket")
      throw S3Failure(404, "there is no bucket " + address_.bucket);
    return std::nullopt;
  }
  return S3Object{std::move(response.body), header(response, "etag")};
}

std::optional<std::string> S3Client::get_range(const std::string& key, std::uint64_t begin,
                                               std::uint64_t end) {
  S3Request wanted = request("GET", key);
  wanted.headers["range"] = fmt::format("bytes={}-{}", begin, end - 1);
  S3Response response = expect(std::move(wanted), {200, 206, 404, 416});
  if (response.status == 404 || response.status == 416) return std::nullopt;
  // A store that does not know ranges gives all of it.
  if (response.status == 200)
    response.body = response.body.substr(std::min<std::size_t>(begin, response.body.size()), end - begin);
  return std::move(response.body);
}

std::optional<std::uint64_t> S3Client::bytes_of(const std::string& key) {
  const S3Response response = expect(request("HEAD", key), {200, 404});
  if (response.status == 404) return std::nullopt;
  return std::stoull("0" + header(response, "content-length"));
}

std::optional<std::string> S3Client::put(const std::string& key, const std::string& body,
                                         const S3Condition& condition) {
  S3Request wanted = request("PUT", key);
  wanted.body = body;
  if (condition.absent) wanted.headers["if-none-match"] = "*";
  if (!condition.etag.empty()) wanted.headers["if-match"] = condition.etag;
  // 404: the object whose etag is asked for has gone; 409: another conditional put is under way.
  const S3Response response = expect(std::move(wanted), {200, 404, 409, 412});
  if (response.status == 404 && condition.etag.empty())
    throw S3Failure(404, "there is no bucket " + address_.bucket);
  if (response.status != 200) return std::nullopt;
  return header(response, "etag");
}

void S3Client::remove(const std::string& key) { expect(request("DELETE", key), {200, 204, 404}); }

std::vector<S3Listed> S3Client::list(const std::string& prefix) {
  std::vector<S3Listed> listed;
  std::string next;
  do {
    S3Request wanted = request("GET", "");
    wanted.path = fmt::format("/{}", address_.bucket);
    wanted.query = {{"list-type", "2"}, {"prefix", address_.prefix + prefix}};
    if (!next.empty()) wanted.query["continuation-token"] = next;
    const S3Response response = expect(std::move(wanted), {200});
    for (const std::string_view object : xml_elements(response.body, "Contents"))
      listed.push_back({xml_text(object, "Key").substr(address_.prefix.size()),
                        std::stoull("0" + xml_text(object, "Size"))});
    next = xml_text(response.body, "IsTruncated") == "true" ? xml_text(response.body, "NextContinuationToken")
                                                            : "";
  } while (!next.empty());
  return listed;
}

}  // namespace weir
