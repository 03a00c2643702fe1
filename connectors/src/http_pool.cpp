#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
// As in http_connection.cpp.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include "http_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <functional>
#include <system_error>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <weir/core/error.hpp>
#include <weir/core/no_thread.hpp>

namespace weir {

namespace {

std::thread start(std::function<void()> work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error& refused) {
    throw RestartJob(no_thread_text("http-client", refused));
  }
}

}  // namespace

HttpPool::HttpPool(const HttpClientOptions& options, std::size_t connections_max)
    : options_(options),
      connections_max_(connections_max),
      owner_{[this](const HttpConnection::Connection& c, bool usable) { released(c, usable); },
             [this](std::shared_ptr<HttpExchange> exchange) {
               exchange->connection.reset();
               waiting_.push_front(std::move(exchange));
             }},
      thread_(start([this] {
        pthread_setname_np(pthread_self(), "http-client");
        context_.run();
      })) {}

HttpPool::~HttpPool() {
  context_.stop();
  thread_.join();
}

void HttpPool::submit(HttpUrl url, HttpExchange::Message message, HttpCallback callback) {
  auto exchange =
      std::make_shared<HttpExchange>(context_, std::move(url), std::move(message), std::move(callback));
  boost::asio::post(context_, [this, exchange = std::move(exchange)] { accept(exchange); });
}

void HttpPool::accept(const std::shared_ptr<HttpExchange>& exchange) {
  exchange->deadline.expires_after(options_.timeout);
  exchange->deadline.async_wait([this, exchange](boost::system::error_code error) {
    if (error || exchange->finished()) return;
    exchange->fail(fmt::format("no answer within {} ms", options_.timeout.count()), true);
    if (const auto connection = exchange->connection.lock()) connection->abort();
    else std::erase(waiting_, exchange);
  });
  waiting_.push_back(exchange);
  serve();
}

void HttpPool::serve() {
  if (serving_) return;  // a connection that fails at once comes back here
  serving_ = true;
  while (!waiting_.empty()) {
    if (waiting_.front()->finished()) {
      waiting_.pop_front();
      continue;
    }
    const HttpConnection::Connection connection = connection_for(waiting_.front()->url);
    if (!connection) break;
    const std::shared_ptr<HttpExchange> next = std::move(waiting_.front());
    waiting_.pop_front();
    connection->work_on(next);
  }
  serving_ = false;
}

HttpConnection::Connection HttpPool::connection_for(const HttpUrl& url) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (!idle_[i]->serves(url)) continue;
    const HttpConnection::Connection kept = idle_[i];
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (kept->still_open()) return kept;
    kept->abort();
    --connections_;
  }
  if (connections_ >= connections_max_) {
    if (idle_.empty()) return nullptr;
    idle_.front()->abort();  // to another server; its place is wanted
    idle_.erase(idle_.begin());
    --connections_;
  }
  ++connections_;
  return std::make_shared<HttpConnection>(context_, options_, owner_, url);
}

void HttpPool::released(const HttpConnection::Connection& connection, bool usable) {
  if (usable) {
    idle_.push_back(connection);
  } else {
    std::erase(idle_, connection);
    --connections_;
  }
  serve();
}

}  // namespace weir
