#include "http_server.hpp"

#include <future>
#include <set>

#include <catch2/catch.hpp>

#include <weir/connectors/http.hpp>
#include <weir/connectors/http_client.hpp>
#include <weir/core/error.hpp>

#include "http_url.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::LocalServer;
using Request = LocalServer::Request;

HttpClientOptions options_for(const LocalServer& server) {
  HttpClientOptions options;
  options.base_url = server.url();
  return options;
}

HttpResult get(HttpClient& client, const std::string& target, std::vector<HttpHeader> headers = {}) {
  std::promise<HttpResult> result;
  client.get(target, std::move(headers), [&](HttpResult r) { result.set_value(std::move(r)); });
  return result.get_future().get();
}

std::string target_of(const Request& request) { return std::string(request.target()); }

struct Rate {
  std::string currency;
  double price;
};
BOOST_DESCRIBE_STRUCT(Rate, (), (currency, price))

/// A port that nobody listens on.
std::string refusing_url() {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

/// Stands for AsyncResult and LookupResult.
struct Settled {
  std::shared_ptr<std::promise<std::string>> said = std::make_shared<std::promise<std::string>>();
  void complete(const HttpResponse& response) const { said->set_value("complete " + response.body); }
  void found(const Rate& rate) const { said->set_value("found " + rate.currency); }
  void missing() const { said->set_value("missing"); }
  void fail(const std::string& reason) const { said->set_value("fail " + reason); }
  void refuse(const std::string& reason) const { said->set_value("refuse " + reason); }
};

}  // namespace

TEST_CASE("A GET brings status, headers and body") {
  LocalServer server([](const Request& request) {
    auto response =
        LocalServer::ok(request, "path " + target_of(request) + ", token " + std::string(request["X-Token"]) +
                                     ", host " + std::string(request["Host"]));
    response.set("X-Answer", "yes");
    return response;
  });
  HttpClientOptions options = options_for(server);
  options.base_url += "/api/";
  options.headers = {{"X-Token", "t1"}};
  HttpClient client(options);
  const HttpResult result = get(client, "/rates?of=EUR");
  REQUIRE(result.response);
  CHECK(result.response->status == 200);
  CHECK(result.response->ok());
  CHECK(result.response->body == "path /api/rates?of=EUR, token t1, host " + server.url().substr(7));
  CHECK(result.response->header("x-answer") == "yes");
  CHECK(result.response->header("x-none").empty());
  CHECK(get(client, "/x", {{"X-Token", "t2"}}).response->body.find("token t2") != std::string::npos);
  CHECK(get(client, server.url() + "/other").response->body.substr(0, 11) == "path /other");
}

TEST_CASE("A POST carries its body and its type") {
  LocalServer server([](const Request& request) {
    return LocalServer::ok(request, std::string(request["Content-Type"]) + " " + request.body());
  });
  HttpClient client(options_for(server));
  std::promise<HttpResult> result;
  client.post("/", "{\"a\":1}", {{"Content-Type", "application/json"}},
              [&](HttpResult r) { result.set_value(std::move(r)); });
  CHECK(result.get_future().get().response->body == "application/json {\"a\":1}");
}

TEST_CASE("Requests one after the other use one connection; without keep-alive, each its own") {
  LocalServer server([](const Request& request) { return LocalServer::ok(request, "ok"); });
  HttpClientOptions options = options_for(server);
  {
    HttpClient client(options);
    for (int i = 0; i < 20; ++i) CHECK(get(client, "/").response->body == "ok");
    CHECK(server.connections() == 1);
  }
  options.keep_alive = false;
  HttpClient client(options);
  for (int i = 0; i < 5; ++i) CHECK(get(client, "/").response->body == "ok");
  CHECK(server.connections() == 6);
}

TEST_CASE("A kept connection that the server has closed is no error") {
  LocalServer server([](const Request& request) { return LocalServer::ok(request, "ok"); });
  HttpClient client(options_for(server));
  for (int i = 0; i < 5; ++i) {
    CHECK(get(client, "/").response);
    server.close_connections();
  }
}

TEST_CASE("A GET whose kept connection is closed under it is made again; a POST is not") {
  std::atomic<int> seen{0};
  LocalServer server([&](const Request& request) -> std::optional<LocalServer::Response> {
    if (++seen % 2 == 0) return std::nullopt;
    return LocalServer::ok(request, "ok");
  });
  HttpClient client(options_for(server));
  CHECK(get(client, "/").response);
  CHECK(get(client, "/").response);
  CHECK(seen == 3);
  std::promise<HttpResult> result;
  client.post("/order", "", {}, [&](HttpResult r) { result.set_value(std::move(r)); });
  CHECK(result.get_future().get().error ==
        server.url() + "/order: the server closed the connection without an answer");
  CHECK(seen == 4);
}

TEST_CASE("Many requests at once are all answered, over no more connections than allowed") {
  LocalServer server([](const Request& request) { return LocalServer::ok(request, target_of(request)); });
  HttpClientOptions options = options_for(server);
  options.connections_max = 8;
  options.io_threads = GENERATE(1U, 3U);
  HttpClient client(options);
  constexpr int kRequests = 2000;
  std::mutex mutex;
  std::set<std::string> bodies;
  std::promise<void> all;
  for (int i = 0; i < kRequests; ++i) {
    client.get("/" + std::to_string(i), {}, [&, i](HttpResult result) {
      const std::lock_guard lock(mutex);
      if (result.response && result.response->body == "/" + std::to_string(i))
        bodies.insert(result.response->body);
      else bodies.insert(result.error);
      if (bodies.size() == kRequests) all.set_value();
    });
  }
  CHECK(all.get_future().wait_for(30s) == std::future_status::ready);
  CHECK(server.connections() <= 8);
  CHECK(server.requests() == kRequests);
}

TEST_CASE("A server that nobody has started is named") {
  HttpClientOptions options;
  options.base_url = refusing_url();
  HttpClient client(options);
  const HttpResult result = get(client, "/rates?key=secret");
  CHECK_FALSE(result.response);
  CHECK(result.error == options.base_url + "/rates: connection refused");
  CHECK(result.may_retry);
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("A request ends when its time has passed, whether it is answered or waits for a connection") {
  LocalServer* self = nullptr;
  LocalServer server([&](const Request& request) {
    self->hold();
    return LocalServer::ok(request, "late");
  });
  self = &server;
  HttpClientOptions options = options_for(server);
  options.timeout = Duration{100};
  options.connections_max = 1;
  HttpClient client(options);
  std::promise<HttpResult> second;
  std::promise<HttpResult> first;
  client.get("/first", {}, [&](HttpResult r) { first.set_value(std::move(r)); });
  client.get("/second", {}, [&](HttpResult r) { second.set_value(std::move(r)); });
  const HttpResult result = first.get_future().get();
  CHECK(result.error == server.url() + "/first: no answer within 100 ms");
  CHECK(result.timed_out);
  CHECK(second.get_future().get().error == server.url() + "/second: no answer within 100 ms");
  server.release();
  CHECK(get(client, "/third").response->body == "late");
}

TEST_CASE("A body may be large, but not larger than allowed") {
  LocalServer server([](const Request& request) {
    return LocalServer::ok(request, std::string(std::stoul(target_of(request).substr(1)), 'x'));
  });
  HttpClientOptions options = options_for(server);
  options.response_bytes_max = 3'000'000;
  HttpClient client(options);
  CHECK(get(client, "/3000000").response->body.size() == 3'000'000);
  CHECK(get(client, "/3000001").error == server.url() + "/3000001: the answer is larger than 3000000 bytes");
  CHECK(get(client, "/5").response->body == "xxxxx");
}

TEST_CASE("What is no HTTP is said to be none") {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  std::thread rude([&] {
    auto socket = acceptor.accept();
    char bytes[1024];
    socket.read_some(boost::asio::buffer(bytes));
    boost::asio::write(socket, boost::asio::buffer(std::string("220 mail.example.org ESMTP\r\n\r\n")));
  });
  HttpClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  HttpClient client(options);
  CHECK(get(client, "/").error.find(options.base_url + "/: the answer is not HTTP") == 0);
  rude.join();
}

TEST_CASE("A client that goes tells all whose requests are under way") {
  LocalServer* self = nullptr;
  LocalServer server([&](const Request& request) {
    self->hold();
    return LocalServer::ok(request, "late");
  });
  self = &server;
  std::atomic<int> told{0};
  {
    HttpClientOptions options = options_for(server);
    options.connections_max = 4;
    HttpClient client(options);
    for (int i = 0; i < 50; ++i) {
      client.get("/x", {}, [&](HttpResult result) {
        if (result.error == server.url() + "/x: the HTTP client was closed") ++told;
      });
    }
    server.wait_held(4);
    CHECK(told == 0);
  }
  CHECK(told == 50);
}

TEST_CASE("Idle connections are closed after their time") {
  LocalServer server([](const Request& request) { return LocalServer::ok(request, "ok"); });
  HttpClientOptions options = options_for(server);
  options.idle_timeout = Duration{20};
  HttpClient client(options);
  CHECK(get(client, "/").response);
  std::this_thread::sleep_for(100ms);
  CHECK(get(client, "/").response);
  CHECK(server.connections() == 2);
}

TEST_CASE("Wrong URLs, headers and options are refused with words") {
  const auto refusal = [](const std::string& url) -> std::string {
    HttpClientOptions options;
    options.base_url = url;
    try {
      HttpClient client(options);
    } catch (const FailJob& refused) {
      CHECK(refused.code() == ExitCode::kUsage);
      return refused.what();
    }
    return "";
  };
  CHECK(refusal("https://example.org/a") ==
        "HTTP client: https://example.org/a: TLS is not spoken here; use http:// to a proxy on this machine "
        "that does "
        "(docs/async.md)");
  CHECK(refusal("http://x/?token=t") == "HTTP client: a base URL has no query; put it into the targets");
  CHECK(refusal("ftp://x").find("begins with http://") != std::string::npos);
  CHECK(refusal("http://:80/").find("no host") != std::string::npos);
  CHECK(refusal("http://x:99999/").find("'99999' is no port") != std::string::npos);
  CHECK(refusal("http://user:pass@x/").find("Authorization") != std::string::npos);
  for (const char* url : {"https://user:hunter2@x/", "ftp://user:hunter2@x/", "http://user:hunter2/9@x/",
                          "https://hunter2@x"}) {
    INFO(url);
    CHECK(refusal(url).find("Authorization") != std::string::npos);
    CHECK(refusal(url).find("hunter2") == std::string::npos);
  }
  CHECK(refusal("http://user:pass@x/").find("pass@") == std::string::npos);
  HttpClient client(HttpClientOptions{});
  const HttpResult blank = get(client, "http://127.0.0.1/a b");
  CHECK(blank.error.find("percent-encode") != std::string::npos);
  CHECK_FALSE(blank.may_retry);
  CHECK(get(client, "/x").error.find("a URL begins with http://") != std::string::npos);
  CHECK(get(client, "http://127.0.0.1:1/", {{"X", "a\r\nEvil: b"}}).error.find("line end") !=
        std::string::npos);
  HttpClientOptions none;
  none.connections_max = 0;
  CHECK_THROWS_AS(HttpClient(none), FailJob);
}

TEST_CASE("URLs are taken apart") {
  const HttpUrl v6 = parse_http_url("http://[::1]:8080?a=b");
  CHECK(v6.host == "::1");
  CHECK(v6.port == "8080");
  CHECK(v6.target == "/?a=b");
  CHECK(v6.authority() == "[::1]:8080");
  CHECK(v6.shown() == "http://[::1]:8080/");
  CHECK(parse_http_url("http://host").authority() == "host");
  CHECK(url_encoded("a b/ü~") == "a%20b%2F%C3%BC~");
}

TEST_CASE("A JSON body becomes a struct, or says which field is wrong") {
  HttpResponse response;
  response.body = R"({"currency":"EUR","price":1.5,"more":[1]})";
  const Rate rate = response.json<Rate>();
  CHECK(rate.currency == "EUR");
  CHECK(rate.price == 1.5);
  response.body = R"({"currency":"EUR","price":"much"})";
  CHECK_THROWS_WITH(response.json<Rate>(), Catch::Contains("price"));
}

TEST_CASE("A service settles results by status") {
  LocalServer server([](const Request& request) -> std::optional<LocalServer::Response> {
    const std::string target = target_of(request);
    if (target == "/eur") return LocalServer::ok(request, R"({"currency":"EUR","price":1})");
    if (target == "/bad") return LocalServer::ok(request, "{}");
    return LocalServer::status(request, std::stoi(target.substr(1)));
  });
  const auto service = http::service(server.url());
  auto by_row = service.get([](const std::string& row) { return "/" + row; },
                            [](const std::string&, const HttpResponse&) { return 0; });
  auto by_key = service.fetch([](const std::string& key) { return "/" + key; },
                              [](const HttpResponse& response) { return response.json<Rate>(); });
  const auto asked = [](auto& ask, const std::string& what) {
    Settled settled;
    ask(what, settled);
    return settled.said->get_future().get();
  };
  CHECK(asked(by_row, "eur") == R"(complete {"currency":"EUR","price":1})");
  CHECK(asked(by_row, "503") == "fail " + server.url() + "/503: 503 Service Unavailable");
  CHECK(asked(by_row, "429") == "fail " + server.url() + "/429: 429 Too Many Requests");
  CHECK(asked(by_row, "404") == "refuse " + server.url() + "/404: 404 Not Found");
  CHECK(asked(by_row, "a b").find("refuse ") == 0);
  CHECK(asked(by_key, "eur") == "found EUR");
  CHECK(asked(by_key, "404") == "missing");
  CHECK(asked(by_key, "500").find("fail ") == 0);
  CHECK(asked(by_key, "bad").find("refuse " + server.url() + "/bad: ") == 0);
  CHECK(server.connections() == 1);
}

}  // namespace weir
