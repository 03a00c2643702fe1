#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
// Asio fences where a handler is called; GCC warns that the sanitizer does not follow fences. One thread only, so no matter.
// Before all headers: what counts is where the fence itself is written.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include "http_endpoint.hpp"

#include <list>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <weir/core/error.hpp>

#include "own_thread.hpp"

namespace weir {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

http::response<http::string_body> response_of(HttpAnswer answer, unsigned version) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
  if (!answer.authenticate.empty()) response.set(http::field::www_authenticate, answer.authenticate);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

class Session;

/// The connections that are open, each in the list of what it does, those that have done it longest first.
struct Sessions {
  std::list<Session*> reading;  ///< that wait for a request, or for the rest of one
  std::list<Session*> writing;
  std::size_t size() const { return reading.size() + writing.size(); }
};

/// One connection: reads a request, answers it, and so on until the client or the clock ends it. Keeps itself alive through the
/// handlers that are pending.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const HttpOptions& options, const HttpSubjects& subjects, Sessions& sessions)
      : stream_(std::move(socket)), options_(options), subjects_(subjects), sessions_(sessions) {
    now_in(sessions_.reading);
  }
  ~Session() { leave(); }

  /// Closes the connection, whatever it is about.
  void abort() {
    leave();
    stream_.close();
  }

  void read() {
    now_in(sessions_.reading);
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    // One deadline for the whole request: a client that sends a byte now and then does not push it back.
    stream_.expires_after(options_.timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
  }

 private:
  void on_read(error_code error) {
    if (error) return refuse(error);
    const auto& request = parser_->get();
    const auto host = request.find(http::field::host);
    const bool needs_host = request.version() >= 11 && host == request.end();
    HttpAnswer result;
    if (needs_host || request.count(http::field::host) > 1) {
      result.status = 400;
      result.body = "one Host header is required\n";
    } else {
      result = try_answer({view(request.method_string()), view(request.target()),
                           host == request.end() ? "" : view(host->value()),
                           view(request[http::field::authorization])});
    }
    response_ = response_of(std::move(result), request.version());
    response_.keep_alive(request.keep_alive());
    write(request.method() == http::verb::head);
  }

  HttpAnswer try_answer(const HttpRequest& request) {
    try {
      return answer(request, options_, subjects_);
    } catch (const std::exception&) {
      return {500, "this cannot be told right now\n", "text/plain; charset=utf-8", {}, {}};
    }
  }

  /// Tells a client that speaks, but wrongly, what is the matter. Silent ones are just left.
  void refuse(error_code error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error == asio::error::operation_aborted)
      return close();
    HttpAnswer result;
    if (error == http::error::header_limit)
      result = {431, "the header is larger than 8 KiB\n", result.content_type, {}, {}};
    else if (error == http::error::body_limit)
      result = {413, "the body is larger than 64 KiB\n", result.content_type, {}, {}};
    else if (error.category() == http::make_error_code(http::error::bad_version).category())
      result = {400, "this is not an HTTP request\n", result.content_type, {}, {}};
    else return close();
    response_ = response_of(std::move(result), 11);
    response_.keep_alive(false);
    write(false);
  }

  void write(bool head) {
    if (!list_) return;  // aborted
    now_in(sessions_.writing);
    stream_.expires_after(options_.timeout);
    auto written = [self = shared_from_this()](error_code error, std::size_t) {
      if (error || !self->list_ || !self->response_.keep_alive()) self->close();
      else self->read();
    };
    if (!head) {
      http::async_write(stream_, response_, std::move(written));
      return;
    }
    head_.emplace(response_.base());
    head_serializer_.emplace(*head_);
    http::async_write_header(stream_, *head_serializer_, std::move(written));
  }

  void now_in(std::list<Session*>& list) {
    leave();
    place_ = list.insert(list.end(), this);
    list_ = &list;
  }
  void leave() {
    if (list_) list_->erase(place_);
    list_ = nullptr;
  }

  void close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeaderBytesMax + kBodyBytesMax};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response<http::empty_body>> head_;
  std::optional<http::response_serializer<http::empty_body>> head_serializer_;
  const HttpOptions& options_;
  const HttpSubjects& subjects_;
  Sessions& sessions_;
  std::list<Session*>* list_ = nullptr;  ///< none: aborted
  std::list<Session*>::iterator place_;
};

}  // namespace

struct HttpEndpoint::Core {
  Core(HttpOptions o, HttpSubjects s)
      : options(std::move(o)), subjects(std::move(s)), acceptor(context), pause(context) {}

  void listen() {
    const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    try {
      acceptor.open(endpoint.protocol());
      acceptor.set_option(asio::socket_base::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
    } catch (const boost::system::system_error& e) {
      throw FailJob(
          fmt::format("cannot serve HTTP on {}: {}; choose another address with --http, or --http off",
                      to_string(options), e.code().message()),
          ExitCode::kCannotConnect);
    }
  }

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (error) {
        make_room();
        return accept_later();
      }
      // A probe is always let in, however many connections others hold open without saying anything.
      if (sessions.size() >= options.connections_max) make_room();
      std::make_shared<Session>(std::move(socket), options, subjects, sessions)->read();
      accept();
    });
  }

  /// Closes the connection that has waited longest for its client; only where all are being answered, the one whose client takes its answer
  /// most slowly.
  void make_room() {
    std::list<Session*>& list = sessions.reading.empty() ? sessions.writing : sessions.reading;
    if (!list.empty()) list.front()->abort();
  }

  /// The process may be out of file descriptors; asking again at once would only burn a core.
  void accept_later() {
    pause.expires_after(std::chrono::milliseconds(100));
    pause.async_wait([this](error_code error) {
      if (!error) accept();
    });
  }

  const HttpOptions options;
  const HttpSubjects subjects;
  Sessions sessions;  // before the context: its pending sessions leave it when that is destroyed
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::thread thread;
};

HttpEndpoint::HttpEndpoint(HttpOptions options, HttpSubjects subjects)
    : core_(std::make_unique<Core>(std::move(options), std::move(subjects))) {
  core_->listen();
  core_->accept();
  core_->thread = start_own_thread("http", [core = core_.get()] { core->context.run(); });
}

HttpEndpoint::~HttpEndpoint() {
  core_->context.stop();
  core_->thread.join();
}

std::uint16_t HttpEndpoint::port() const { return core_->acceptor.local_endpoint().port(); }

}  // namespace weir
