#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
// Asio fences where a handler is called; GCC warns that the sanitizer does not follow fences. One thread only, so no matter.
// Before all headers: what counts is where the fence itself is written.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include "http_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace weir {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;

constexpr std::uint32_t kHeaderBytesMax = 64 * 1024;

bool is_closed(const boost::system::error_code& error) {
  return error == beast_http::error::end_of_stream || error == asio::error::eof ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

std::string words(const boost::system::error_code& error, const char* doing,
                  const HttpClientOptions& options) {
  if (error == beast_http::error::body_limit)
    return fmt::format("the answer is larger than {} bytes", options.response_bytes_max);
  if (error == beast_http::error::header_limit)
    return fmt::format("the answer's header is larger than {} bytes", kHeaderBytesMax);
  if (error == beast_http::error::partial_message)
    return "the server closed the connection in the middle of its answer";
  if (error == beast::error::timeout)
    return fmt::format("no connection within {} ms", options.connect_timeout.count());
  if (is_closed(error)) return "the server closed the connection without an answer";
  if (error.category() == beast_http::make_error_code(beast_http::error::bad_version).category())
    return fmt::format("the answer is not HTTP ({})", error.message());
  std::string message = error.message();
  if (!message.empty()) message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  return *doing ? fmt::format("{}: {}", doing, message) : message;
}

HttpResponse response_of(beast_http::response<beast_http::string_body> message) {
  HttpResponse response;
  response.status = static_cast<std::int32_t>(message.result_int());
  for (const auto& field : message)
    response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  response.body = std::move(message.body());
  return response;
}

}  // namespace

HttpConnection::HttpConnection(asio::io_context& context, const HttpClientOptions& options,
                               const Owner& owner, const HttpUrl& server)
    : resolver_(context),
      stream_(context),
      idle_(context),
      options_(options),
      owner_(owner),
      host_(server.host),
      port_(server.port) {}

void HttpConnection::work_on(std::shared_ptr<HttpExchange> exchange) {
  idle_.cancel();
  exchange_ = std::move(exchange);
  exchange_->connection = weak_from_this();
  reused_ = connected_;
  if (connected_) return write();
  resolver_.async_resolve(host_, port_, [self = shared_from_this()](Error error, const Addresses& addresses) {
    if (error) self->failed(error, "the host is not known");
    else self->connect(addresses);
  });
}

void HttpConnection::connect(const Addresses& addresses) {
  if (!exchange_ || exchange_->finished()) return done(false);
  stream_.expires_after(options_.connect_timeout);
  stream_.async_connect(addresses, [self = shared_from_this()](Error error, const asio::ip::tcp::endpoint&) {
    if (error) return self->failed(error, "");
    self->stream_.expires_never();
    self->connected_ = true;
    Error ignored;
    self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    self->write();
  });
}

void HttpConnection::write() {
  beast_http::async_write(stream_, exchange_->message, [self = shared_from_this()](Error error, std::size_t) {
    if (error) self->failed(error, "");
    else self->read();
  });
}

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(options_.response_bytes_max);
  beast_http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](Error error, std::size_t) { self->on_read(error); });
}

void HttpConnection::on_read(Error error) {
  if (error) return failed(error, "");
  const bool usable = options_.keep_alive && parser_->get().keep_alive() && buffer_.size() == 0;
  const std::shared_ptr<HttpExchange> exchange = std::move(exchange_);
  exchange->succeed(response_of(parser_->release()));
  done(usable);
}

void HttpConnection::failed(Error error, const char* doing) {
  const std::shared_ptr<HttpExchange> exchange = std::move(exchange_);
  const bool nothing_came = !parser_ || !parser_->got_some();
  if (exchange && !exchange->finished()) {
    // A kept connection may be closed by its server at any moment. What may be asked twice is asked once more.
    if (reused_ && nothing_came && is_closed(error) && exchange->message.method() == beast_http::verb::get)
      owner_.unseen(exchange);
    else exchange->fail(words(error, doing, options_), error == beast::error::timeout);
  }
  done(false);
}

void HttpConnection::done(bool usable) {
  exchange_.reset();
  parser_.reset();
  if (usable) {
    idle_.expires_after(options_.idle_timeout);
    idle_.async_wait([self = weak_from_this()](Error error) {
      const Connection connection = self.lock();
      if (error || !connection || connection->exchange_ || !connection->connected_) return;
      connection->abort();
      connection->owner_.released(connection, false);
    });
  } else {
    abort();
  }
  owner_.released(shared_from_this(), usable);
}

bool HttpConnection::still_open() {
  char byte = 0;
  const ssize_t n = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void HttpConnection::abort() {
  idle_.cancel();
  resolver_.cancel();
  connected_ = false;
  stream_.close();
}

}  // namespace weir
