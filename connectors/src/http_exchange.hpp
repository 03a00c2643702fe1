#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <weir/connectors/http_client.hpp>

#include "http_url.hpp"

namespace weir {

class HttpConnection;

/// One request from its making until its callback has been called, which happens once: at the latest when it goes.
struct HttpExchange {
  using Message = boost::beast::http::request<boost::beast::http::string_body>;

  HttpExchange(boost::asio::io_context& context, HttpUrl to, Message what, HttpCallback then)
      : url(std::move(to)), message(std::move(what)), deadline(context), callback(std::move(then)) {}
  ~HttpExchange() { fail("the HTTP client was closed"); }
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  bool finished() const { return !callback; }
  void succeed(HttpResponse response) { finish({url.shown(), std::move(response), {}, false, true}); }
  void fail(const std::string& why, bool timed_out = false) {
    if (!finished()) finish({url.shown(), {}, url.shown() + ": " + why, timed_out, true});
  }

  const HttpUrl url;
  const Message message;
  boost::asio::steady_timer deadline;
  std::weak_ptr<HttpConnection> connection;  ///< that works on it

 private:
  void finish(HttpResult result) {
    if (finished()) return;
    deadline.cancel();
    std::exchange(callback, nullptr)(std::move(result));
  }

  HttpCallback callback;
};

}  // namespace weir
