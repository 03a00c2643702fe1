#pragma once

#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "http_connection.hpp"

namespace weir {

/// A thread with its share of a client's connections. All but submit() happens on that thread.
class HttpPool {
 public:
  HttpPool(const HttpClientOptions& options, std::size_t connections_max);
  /// Ends everything; callbacks that have not been called are, with an error.
  ~HttpPool();

  void submit(HttpUrl url, HttpExchange::Message message, HttpCallback callback);

 private:
  void accept(const std::shared_ptr<HttpExchange>& exchange);
  /// Gives waiting exchanges to connections, the oldest first.
  void serve();
  HttpConnection::Connection connection_for(const HttpUrl& url);
  void released(const HttpConnection::Connection& connection, bool usable);

  const HttpClientOptions& options_;
  const std::size_t connections_max_;
  const HttpConnection::Owner owner_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::deque<std::shared_ptr<HttpExchange>> waiting_;
  std::size_t connections_ = 0;
  std::vector<HttpConnection::Connection> idle_;  ///< the most recently used last
  bool serving_ = false;
  std::thread thread_;
};

}  // namespace weir
