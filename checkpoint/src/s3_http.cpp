#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
// Asio fences where a handler is called; GCC warns that the sanitizer does not follow fences. One thread a connection, so no matter.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include "s3_http.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace weir {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Error = boost::system::error_code;

/// Answers with a file's part are the largest; a part is a gigabyte at most.
constexpr std::uint64_t kAnswerBytesMost = std::uint64_t{2} << 30;
constexpr std::chrono::seconds kConnectTimeout{5};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

struct S3Http::Security {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

class S3Http::Connection {
 public:
  Connection(const std::string& host, const std::string& port, Security* security) {
    const auto addresses = asio::ip::tcp::resolver(context_).resolve(host, port);
    if (security) secure_.emplace(context_, security->context);
    else plain_.emplace(context_);
    run(kConnectTimeout, "connect", [&](auto handler) {
      lowest().async_connect(addresses,
                             [handler](Error error, const asio::ip::tcp::endpoint&) { handler(error); });
    });
    lowest().socket().set_option(asio::ip::tcp::no_delay(true));
    if (!secure_) return;
    if (SSL_set_tlsext_host_name(secure_->native_handle(), host.c_str()) != 1)
      throw NoAnswer("TLS cannot be set up");
    secure_->set_verify_mode(asio::ssl::verify_peer);
    secure_->set_verify_callback(asio::ssl::host_name_verification(host));
    run(kConnectTimeout, "agree on TLS",
        [&](auto handler) { secure_->async_handshake(asio::ssl::stream_base::client, handler); });
  }

  bool usable() const { return usable_; }

  S3Response exchange(const S3Request& request, std::chrono::milliseconds timeout) {
    usable_ = false;
    const bool head = request.method == "HEAD";
    http::request<http::string_body> message(http::string_to_verb(request.method), request.target(), 11);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    if (!request.body.empty() || request.method == "PUT" || request.method == "POST")
      message.prepare_payload();
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerBytesMost);
    parser.skip(head);
    if (secure_) transfer(*secure_, message, parser, timeout);
    else transfer(*plain_, message, parser, timeout);
    usable_ = parser.get().keep_alive() && buffer_.size() == 0;
    S3Response response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get())
      response.headers[lower(field.name_string())] = std::string(field.value());
    response.body = std::move(parser.get().body());
    return response;
  }

 private:
  beast::tcp_stream& lowest() { return secure_ ? secure_->next_layer() : *plain_; }

  template <class Stream, class Message, class Parser>
  void transfer(Stream& stream, Message& message, Parser& parser, std::chrono::milliseconds timeout) {
    run(timeout, "send", [&](auto handler) {
      http::async_write(stream, message, [handler](Error error, std::size_t) { handler(error); });
    });
    run(timeout, "receive", [&](auto handler) {
      http::async_read(stream, buffer_, parser, [handler](Error error, std::size_t) { handler(error); });
    });
  }

  /// Blocking calls know no timeouts, so that each is an asynchronous one that is waited for.
  template <class Start>
  void run(std::chrono::milliseconds timeout, const char* what, Start start) {
    Error result;
    lowest().expires_after(timeout);
    start([&result](Error error) { result = error; });
    context_.restart();
    context_.run();
    if (result) throw NoAnswer(fmt::format("cannot {}: {}", what, result.message()));
  }

  asio::io_context context_{1};
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> secure_;
  beast::flat_buffer buffer_;
  bool usable_ = false;
};

S3Http::S3Http(std::string host, std::string port, bool tls, std::chrono::milliseconds timeout)
    : host_(std::move(host)), port_(std::move(port)), timeout_(timeout) {
  if (!tls) return;
  security_ = std::make_unique<Security>();
  security_->context.set_default_verify_paths();
}

S3Http::~S3Http() = default;

S3Response S3Http::exchange(const S3Request& request) {
  try {
    std::unique_ptr<Connection> connection = take();
    S3Response response = connection->exchange(request, timeout_);
    if (connection->usable()) give_back(std::move(connection));
    return response;
  } catch (const NoAnswer& failure) {
    throw NoAnswer(fmt::format("{}:{}: {}", host_, port_, failure.what()));
  } catch (const boost::system::system_error& failure) {
    throw NoAnswer(fmt::format("{}:{}: {}", host_, port_, failure.code().message()));
  }
}

std::unique_ptr<S3Http::Connection> S3Http::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return std::make_unique<Connection>(host_, port_, security_.get());
}

void S3Http::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace weir
