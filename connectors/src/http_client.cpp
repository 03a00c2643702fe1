#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
// As in http_connection.cpp.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include <weir/connectors/http_client.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>

#include <weir/connectors/http.hpp>
#include <weir/core/error.hpp>

#include "http_pool.hpp"
#include "json_format.hpp"

namespace weir {

namespace {

namespace beast_http = boost::beast::http;

void check(const HttpClientOptions& options) {
  const auto refuse = [](const char* why) { throw FailJob(why, ExitCode::kUsage); };
  if (options.connections_max == 0) refuse("an HTTP client needs at least 1 connection");
  if (options.io_threads == 0) refuse("an HTTP client needs at least 1 thread");
  if (options.timeout.count() <= 0 || options.connect_timeout.count() <= 0 ||
      options.idle_timeout.count() <= 0)
    refuse("the times of an HTTP client are at least 1 ms");
  try {
    if (options.base_url.find('?') != std::string::npos)
      throw std::invalid_argument("a base URL has no query; put it into the targets");
    if (!options.base_url.empty()) parse_http_url(options.base_url);
    for (const HttpHeader& header : options.headers) check_http_header(header.name, header.value);
  } catch (const std::invalid_argument& wrong) {
    throw FailJob(fmt::format("HTTP client: {}", wrong.what()), ExitCode::kUsage);
  }
}

}  // namespace

struct HttpClient::Core {
  explicit Core(HttpClientOptions o) : options(std::move(o)) {
    while (!options.base_url.empty() && options.base_url.back() == '/') options.base_url.pop_back();
    const std::size_t threads = std::min<std::size_t>(options.io_threads, options.connections_max);
    for (std::size_t i = 0; i < threads; ++i)
      pools.push_back(std::make_unique<HttpPool>(options, (options.connections_max + i) / threads));
  }

  void send(beast_http::verb verb, std::string_view target, std::string body,
            const std::vector<HttpHeader>& headers, HttpCallback callback) {
    HttpUrl url;
    HttpExchange::Message message;
    try {
      const bool path = !target.empty() && target.front() == '/';
      if (path) check_http_target(target);
      url = parse_http_url(path ? options.base_url + std::string(target) : std::string(target));
      message = {verb, url.target, 11, std::move(body)};
      message.set(beast_http::field::host, url.authority());
      message.set(beast_http::field::user_agent, "weir");
      for (const auto* some : {&std::as_const(options.headers), &headers})
        for (const HttpHeader& header : *some) {
          check_http_header(header.name, header.value);
          message.set(header.name, header.value);
        }
      message.keep_alive(options.keep_alive);
      message.prepare_payload();
    } catch (const std::invalid_argument& wrong) {
      return callback({std::string(target.substr(0, target.find('?'))), {}, wrong.what(), false, false});
    }
    pools[next.fetch_add(1, std::memory_order_relaxed) % pools.size()]->submit(
        std::move(url), std::move(message), std::move(callback));
  }

  HttpClientOptions options;
  std::vector<std::unique_ptr<HttpPool>> pools;
  std::atomic<std::size_t> next{0};
};

HttpClient::HttpClient(HttpClientOptions options) {
  check(options);
  core_ = std::make_unique<Core>(std::move(options));
}

HttpClient::~HttpClient() = default;

void HttpClient::get(std::string_view target, std::vector<HttpHeader> headers, HttpCallback callback) {
  core_->send(beast_http::verb::get, target, {}, headers, std::move(callback));
}

void HttpClient::post(std::string_view target, std::string body, std::vector<HttpHeader> headers,
                      HttpCallback callback) {
  core_->send(beast_http::verb::post, target, std::move(body), headers, std::move(callback));
}

std::string_view HttpResponse::header(std::string_view name) const {
  for (const HttpHeader& header : headers)
    if (boost::beast::iequals({header.name.data(), header.name.size()}, {name.data(), name.size()}))
      return header.value;
  return {};
}

void detail::decode_json_body(std::string_view body, const RowSchema& schema, Batch& batch) {
  std::string reason;
  if (!make_json_decoder(schema)->decode(body, batch, reason)) throw std::runtime_error(reason);
}

namespace http::detail {

bool is_passing(std::int32_t status) { return status == 408 || status == 429 || status >= 500; }

std::string status_text(const HttpResult& result) {
  const auto status = static_cast<unsigned>(result.response->status);
  const auto words = beast_http::obsolete_reason(beast_http::int_to_status(status));
  return fmt::format("{}: {} {}", result.url, status, std::string_view(words.data(), words.size()));
}

}  // namespace http::detail

}  // namespace weir
