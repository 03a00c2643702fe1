#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/connectors/http_client.hpp>

namespace weir::http {

namespace detail {

/// One client for all that share a service; made by the first request.
class SharedClient {
 public:
  explicit SharedClient(HttpClientOptions options) : options_(std::move(options)) {}
  HttpClient& get() {
    std::call_once(made_, [this] { client_ = std::make_unique<HttpClient>(options_); });
    return *client_;
  }

 private:
  const HttpClientOptions options_;
  std::once_flag made_;
  std::unique_ptr<HttpClient> client_;
};

/// True for statuses that another time may bring something else: 408, 429 and 5xx.
bool is_passing(std::int32_t status);
/// "http://host/path: 503 Service Unavailable".
std::string status_text(const HttpResult& result);

/// Fails `result` for anything that is no 2xx. True: it is one.
template <class Result>
bool settled(const HttpResult& answer, const Result& result) {
  if (answer.response && answer.response->ok()) return true;
  if (!answer.response) answer.may_retry ? result.fail(answer.error) : result.refuse(answer.error);
  else if (is_passing(answer.response->status)) result.fail(status_text(answer));
  else result.refuse(status_text(answer));
  return false;
}

template <class TargetOf>
struct GetByRow {
  TargetOf target_of;
  template <class Row>
  requires std::invocable<const TargetOf&, const Row&>
  void operator()(HttpClient& client, const Row& row, HttpCallback callback) const {
    client.get(std::invoke(target_of, row), {}, std::move(callback));
  }
};
template <class TargetOf, class BodyOf>
struct PostByRow {
  TargetOf target_of;
  BodyOf body_of;
  std::string content_type;
  template <class Row>
  requires std::invocable<const TargetOf&, const Row&> && std::invocable<const BodyOf&, const Row&>
  void operator()(HttpClient& client, const Row& row, HttpCallback callback) const {
    client.post(std::invoke(target_of, row), std::invoke(body_of, row), {{"Content-Type", content_type}},
                std::move(callback));
  }
};

/// What async() wants: asks by row; what the answer means is decided on the row's worker.
template <class Ask, class Parse>
class RowRequest {
 public:
  using Value = HttpResponse;
  RowRequest(std::shared_ptr<SharedClient> client, Ask ask, Parse parse)
      : client_(std::move(client)), ask_(std::move(ask)), parse_(std::move(parse)) {}

  template <class Row, class Result>
  requires std::invocable<Ask&, HttpClient&, const Row&, HttpCallback>
  void operator()(const Row& row, Result result) {
    ask_(client_->get(), row, [result = std::move(result)](HttpResult answer) {
      if (settled(answer, result)) result.complete(*answer.response);
    });
  }
  template <class Row>
  auto finish(const Row& row, const HttpResponse& response, Arena& arena) {
    if constexpr (std::invocable<Parse&, const Row&, const HttpResponse&, Arena&>)
      return parse_(row, response, arena);
    else return parse_(row, response);
  }

 private:
  std::shared_ptr<SharedClient> client_;
  Ask ask_;
  Parse parse_;
};

/// What lookup() wants: asks by key; 404 means that there is none.
template <class ValueType, class TargetOf, class Parse>
class KeyRequest {
 public:
  using Value = ValueType;
  KeyRequest(std::shared_ptr<SharedClient> client, TargetOf target_of, Parse parse)
      : client_(std::move(client)), target_of_(std::move(target_of)), parse_(std::move(parse)) {}

  template <class Key, class Result>
  void operator()(const Key& key, Result result) {
    client_->get().get(target_of_(key), {}, [result = std::move(result), parse = parse_](HttpResult answer) {
      if (answer.response && answer.response->status == 404) return result.missing();
      if (!settled(answer, result)) return;
      try {
        result.found(parse(*answer.response));
      } catch (const std::exception& failure) {
        result.refuse(answer.url + ": " + failure.what());
      }
    });
  }

 private:
  std::shared_ptr<SharedClient> client_;
  TargetOf target_of_;
  Parse parse_;
};

}  // namespace detail

/// An HTTP service for async() and lookup(). A value; its copies, and all that is made from them, share one HttpClient, which is
/// made by the first request. 2xx is a result; 408, 429, 5xx, time-outs and broken connections are failures that the options may
/// retry; all else is a failure for good.
class Service {
 public:
  explicit Service(HttpClientOptions options)
      : client_(std::make_shared<detail::SharedClient>(std::move(options))) {}

  /// For `async<Out>()`: GETs `target_of(const Row&)`; `parse(const Row&, const HttpResponse&) -> Out`, or with a
  /// weir::Arena& when it makes text, runs on the row's worker. What it throws is a failure for good.
  template <class TargetOf, class Parse>
  auto get(TargetOf target_of, Parse parse) const {
    using Ask = detail::GetByRow<TargetOf>;
    return detail::RowRequest<Ask, Parse>(client_, Ask{std::move(target_of)}, std::move(parse));
  }
  /// The same with POST and the body `body_of(const Row&)`. After a restart, or a retry, a server may see a request twice.
  template <class TargetOf, class BodyOf, class Parse>
  auto post(TargetOf target_of, BodyOf body_of, Parse parse,
            const std::string& content_type = "application/json") const {
    using Ask = detail::PostByRow<TargetOf, BodyOf>;
    return detail::RowRequest<Ask, Parse>(
        client_, Ask{std::move(target_of), std::move(body_of), content_type}, std::move(parse));
  }
  /// For `lookup<Out>()`: GETs `target_of(const Key&)`; `parse(const HttpResponse&) -> Value` runs on a thread of the client.
  /// 404: there is no such key.
  template <class TargetOf, class Parse>
  auto fetch(TargetOf target_of, Parse parse) const {
    using Value = std::remove_cvref_t<std::invoke_result_t<Parse&, const HttpResponse&>>;
    return detail::KeyRequest<Value, TargetOf, Parse>(client_, std::move(target_of), std::move(parse));
  }

 private:
  std::shared_ptr<detail::SharedClient> client_;
};

inline Service service(std::string base_url) {
  HttpClientOptions options;
  options.base_url = std::move(base_url);
  return Service(std::move(options));
}
inline Service service(HttpClientOptions options) { return Service(std::move(options)); }

}  // namespace weir::http
