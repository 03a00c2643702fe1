#include "http_routes.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "http_token.hpp"
#include "json_text.hpp"

namespace weir {

namespace {

HttpAnswer refusal(unsigned status, std::string why) {
  HttpAnswer result;
  result.status = status;
  result.body = std::move(why) + "\n";
  return result;
}

/// A page that a browser loads from elsewhere may point its own name at this machine and read our answers; it cannot forge the
/// name in Host. Off the loopback interface the token takes care of that.
bool is_local_host(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket))
    host = host.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  std::string lowered(host);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return is_loopback(lowered);
}

bool is_authorized(std::string_view authorization, const std::string& token) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(authorization[i])) != kScheme[i]) return false;
  return same_token(token, authorization.substr(kScheme.size()));
}

HttpAnswer health(const JobStatus& status, bool good) {
  HttpAnswer result;
  result.status = good ? 200 : 503;
  result.body = fmt::format("{}\n", to_string(status.state));
  return result;
}

HttpAnswer index(const HttpSubjects& subjects) {
  HttpAnswer result;
  result.body = fmt::format(
      "weir, job {}\n\n"
      "/metrics  all numbers, for Prometheus\n"
      "/healthz  200 unless the job has failed\n"
      "/readyz   200 while the job is running\n"
      "/hot-keys keys that take much of an operator's rows\n"
      "/version  what is running\n",
      subjects.job);
  return result;
}

std::string hot_keys(const JobStatus& status) {
  std::string json = "[";
  for (const HotKey& key : status.hot_keys) {
    if (json.size() > 1) json += ",\n ";
    json += fmt::format(R"({{"operator":{},"worker":{},"key":{},"share":{:.3f}}})",
                        json_text(key.operator_name), key.worker, key.key, key.share);
  }
  return json + "]\n";
}

}  // namespace

HttpAnswer answer(const HttpRequest& request, const HttpOptions& options, const HttpSubjects& subjects) {
  if (is_loopback(options.address) && !request.host.empty() && !is_local_host(request.host))
    return refusal(403, "this endpoint answers to localhost, 127.0.0.1 and [::1] only");
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  const bool open = path == "/" || path == "/healthz" || path == "/readyz";
  const bool guarded = path == "/metrics" || path == "/version" || path == "/hot-keys";
  if (!open && !guarded) return refusal(404, "not found; / lists what there is");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer result = refusal(405, "only GET and HEAD are understood");
    result.allow = "GET, HEAD";
    return result;
  }
  if (guarded && !options.token.empty() && !is_authorized(request.authorization, options.token)) {
    HttpAnswer result = refusal(401, "send 'Authorization: Bearer' with the token of --http-token-file");
    result.authenticate = "Bearer realm=\"weir\"";
    return result;
  }
  if (path == "/") return index(subjects);
  if (path == "/metrics")
    return {200, subjects.metrics(), "text/plain; version=0.0.4; charset=utf-8", {}, {}};
  if (path == "/version") return {200, subjects.version + "\n", "application/json", {}, {}};
  const JobStatus status = subjects.status();
  if (path == "/hot-keys") return {200, hot_keys(status), "application/json", {}, {}};
  if (path == "/healthz") return health(status, status.state != JobState::kFailed);
  return health(status, status.state == JobState::kRunning || status.state == JobState::kFinishing);
}

}  // namespace weir
