#pragma once

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace weir::testing {

/// A server on 127.0.0.1 at a free port, with a thread a connection: for tests that need to know what came, and when to be rude.
class LocalServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  /// Nothing: the connection is closed without an answer.
  using Handler = std::function<std::optional<Response>(const Request&)>;

  explicit LocalServer(Handler handler)
      : handler_(std::move(handler)),
        acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        thread_([this] { accept(); }) {}
  ~LocalServer() {
    release();
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    close_connections();
    for (std::thread& thread : threads_) thread.join();
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  int connections() const { return connections_; }
  int requests() const { return requests_; }
  /// For handlers: waits until release() or the end.
  void hold() {
    std::unique_lock lock(mutex_);
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
  }
  void wait_held(int requests) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ >= requests; });
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      released_ = true;
    }
    changed_.notify_all();
  }
  void close_connections() {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }

  static Response ok(const Request& request, std::string body) {
    Response response(boost::beast::http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
  }
  static Response status(const Request& request, int status) {
    Response response = ok(request, "");
    response.result(static_cast<unsigned>(status));
    return response;
  }

 private:
  void accept() {
    while (true) {
      boost::system::error_code error;
      auto socket = std::make_shared<boost::asio::ip::tcp::socket>(context_);
      acceptor_.accept(*socket, error);
      if (error) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket->native_handle());
      threads_.emplace_back([this, socket] { serve(*socket); });
    }
  }
  void serve(boost::asio::ip::tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    while (!error) {
      Request request;
      boost::beast::http::read(socket, buffer, request, error);
      if (error) break;
      ++requests_;
      const std::optional<Response> response = handler_(request);
      if (!response) break;
      boost::beast::http::write(socket, *response, error);
      if (!response->keep_alive()) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket.native_handle());
    socket.close(error);
  }

  const Handler handler_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool released_ = false;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread thread_;
};

}  // namespace weir::testing
