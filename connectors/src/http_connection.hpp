#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>

#include "http_exchange.hpp"

namespace weir {

/// One connection to one server: works on one exchange at a time. Belongs to the thread of its context, and keeps itself alive
/// through the handlers that are pending.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Connection = std::shared_ptr<HttpConnection>;
  struct Owner {
    /// The connection has nothing to do; `usable`: it may be given the next exchange.
    std::function<void(const Connection&, bool usable)> released;
    /// The server had closed the connection before it saw this exchange: it is to be made on a fresh one.
    std::function<void(std::shared_ptr<HttpExchange>)> unseen;
  };

  HttpConnection(boost::asio::io_context& context, const HttpClientOptions& options, const Owner& owner,
                 const HttpUrl& server);

  bool serves(const HttpUrl& url) const { return url.host == host_ && url.port == port_; }
  /// Requires: new, or released as usable and still alive.
  void work_on(std::shared_ptr<HttpExchange> exchange);
  /// False when the server has closed it while nobody looked.
  bool still_open();
  /// Ends what is pending; its exchange, if any, is not told.
  void abort();

 private:
  using Error = boost::system::error_code;
  using Addresses = boost::asio::ip::tcp::resolver::results_type;

  void connect(const Addresses& addresses);
  void write();
  void read();
  void on_read(Error error);
  void failed(Error error, const char* doing);
  void done(bool usable);

  boost::asio::ip::tcp::resolver resolver_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer idle_;
  const HttpClientOptions& options_;
  const Owner& owner_;
  const std::string host_;
  const std::string port_;
  std::shared_ptr<HttpExchange> exchange_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  bool connected_ = false;
  bool reused_ = false;
};

}  // namespace weir
