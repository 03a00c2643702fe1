#include "http_endpoint.hpp"

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "http_client.hpp"

namespace weir {

namespace {

/// An endpoint on a free port, for a job in a state that the test sets.
struct Served {
  explicit Served(HttpOptions options = {}) {
    options.port = 0;
    HttpSubjects subjects;
    subjects.status = [this] {
      JobStatus status;
      status.state = state;
      return status;
    };
    subjects.metrics = [] { return std::string("weir_up 1\n"); };
    subjects.version = "{\"weir\":\"0\"}";
    subjects.job = "flight-delays";
    endpoint = std::make_unique<HttpEndpoint>(options, subjects);
    port = endpoint->port();
  }
  std::atomic<JobState> state{JobState::kRunning};
  std::unique_ptr<HttpEndpoint> endpoint;
  std::uint16_t port = 0;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the endpoint answers what it has") {
  Served served;
  const std::string metrics = get(served.port, "/metrics");
  CHECK(status_of(metrics) == 200);
  CHECK(contains(metrics, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  CHECK(contains(metrics, "Content-Length: 10\r\n"));
  CHECK(contains(metrics, "Cache-Control: no-store\r\n"));
  CHECK(contains(metrics, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(body_of(metrics) == "weir_up 1\n");
  CHECK(status_of(get(served.port, "/metrics?format=x")) == 200);
  CHECK(body_of(get(served.port, "/version")) == "{\"weir\":\"0\"}\n");
  CHECK(contains(body_of(get(served.port, "/")), "weir, job flight-delays"));
}

TEST_CASE("probes follow the job's state") {
  Served served;
  const auto both = [&] {
    return std::pair(status_of(get(served.port, "/healthz")), status_of(get(served.port, "/readyz")));
  };
  for (const JobState state : {JobState::kRunning, JobState::kFinishing}) {
    served.state = state;
    CHECK(both() == std::pair(200, 200));
  }
  for (const JobState state : {JobState::kCreated, JobState::kStarting, JobState::kRestarting,
                               JobState::kDone, JobState::kStopped}) {
    served.state = state;
    CHECK(both() == std::pair(200, 503));
  }
  served.state = JobState::kFailed;
  CHECK(both() == std::pair(503, 503));
  CHECK(body_of(get(served.port, "/readyz")) == "failed\n");
}

TEST_CASE("HEAD is GET without a body") {
  Served served;
  const std::string answer = get(served.port, "/metrics", "Host: localhost\r\n", "HEAD");
  CHECK(status_of(answer) == 200);
  CHECK(contains(answer, "Content-Length: 10\r\n"));
  CHECK(body_of(answer).empty());
}

TEST_CASE("other methods and other paths are refused") {
  Served served;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    INFO(method);
    CHECK(status_of(get(served.port, "/metrics", "Host: localhost\r\n", method)) == 405);
  }
  const std::string posted =
      ask(served.port,
          "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  CHECK(status_of(posted) == 405);
  CHECK(contains(posted, "Allow: GET, HEAD\r\n"));
  for (const char* path : {"/nothing", "/metrics/", "/../etc/passwd", "//metrics", "*", "/METRICS"})
    CHECK(status_of(get(served.port, path)) == 404);
}

TEST_CASE("names of other machines are refused on the loopback interface") {
  Served served;
  for (const char* host :
       {"localhost", "LOCALHOST:8480", "127.0.0.1", "127.0.0.1:99", "127.9.9.9", "[::1]", "[::1]:8480"}) {
    INFO(host);
    CHECK(status_of(get(served.port, "/metrics", std::string("Host: ") + host + "\r\n")) == 200);
  }
  for (const char* host : {"evil.example", "evil.example:8480", "localhost.evil.example", "10.0.0.1",
                           "[::2]:8480", "127.0.0.1.evil.example", "[", "::"}) {
    INFO(host);
    CHECK(status_of(get(served.port, "/metrics", std::string("Host: ") + host + "\r\n")) == 403);
  }
  CHECK(status_of(get(served.port, "/metrics", "")) == 400);
  CHECK(status_of(get(served.port, "/metrics", "Host: localhost\r\nHost: evil.example\r\n")) == 400);
  CHECK(status_of(ask(served.port, "GET /metrics HTTP/1.0\r\n\r\n")) == 200);
}

TEST_CASE("with a token, numbers and version ask for it; probes do not") {
  HttpOptions options;
  options.token = "0123456789abcdef";
  Served served(options);
  const auto with = [](const std::string& authorization) {
    return "Host: localhost\r\nAuthorization: " + authorization + "\r\n";
  };
  for (const char* path : {"/metrics", "/version"}) {
    CHECK(status_of(get(served.port, path, with("Bearer 0123456789abcdef"))) == 200);
    CHECK(status_of(get(served.port, path, with("bearer 0123456789abcdef"))) == 200);
    const std::string refused = get(served.port, path);
    CHECK(status_of(refused) == 401);
    CHECK(contains(refused, "WWW-Authenticate: Bearer realm=\"weir\"\r\n"));
    for (const char* wrong :
         {"Bearer 0123456789abcdeg", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer ",
          "Basic 0123456789abcdef", "0123456789abcdef", "Bearer 0123456789abcdef0123456789abcdef"}) {
      INFO(wrong);
      CHECK(status_of(get(served.port, path, with(wrong))) == 401);
    }
  }
  for (const char* path : {"/", "/healthz", "/readyz"}) CHECK(status_of(get(served.port, path)) == 200);
}

TEST_CASE("off the loopback interface any name will do, with the token") {
  HttpOptions options;
  options.address = "0.0.0.0";
  options.token = "0123456789abcdef";
  Served served(options);
  CHECK(status_of(get(served.port, "/metrics",
                      "Host: box.example\r\nAuthorization: Bearer 0123456789abcdef\r\n")) == 200);
  CHECK(status_of(get(served.port, "/metrics", "Host: box.example\r\n")) == 401);
}

TEST_CASE("a connection serves several requests, also when they come at once") {
  Served served;
  RawClient client(served.port);
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(client.send(request));
  CHECK(status_of(client.read_until("running\n")) == 200);
  REQUIRE(client.send(request + request +
                      "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  const std::string rest = client.read_all();
  std::size_t answers = 0;
  for (std::size_t at = rest.find("HTTP/1.1 200"); at != std::string::npos;
       at = rest.find("HTTP/1.1 200", at + 1))
    ++answers;
  CHECK(answers == 3);
}

TEST_CASE("headers and bodies are bounded") {
  Served served;
  const std::string fits = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(7'000, 'x') +
                           "\r\nConnection: close\r\n\r\n";
  CHECK(status_of(ask(served.port, fits)) == 200);
  const std::string large =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n";
  CHECK(status_of(ask(served.port, large)) == 431);
  const std::string body = "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n";
  CHECK(status_of(ask(served.port, body)) == 413);
}

TEST_CASE("a client that sends a byte now and then is left when the time is up") {
  HttpOptions options;
  options.timeout = std::chrono::milliseconds(300);
  Served served(options);
  RawClient client(served.port);
  const auto began = std::chrono::steady_clock::now();
  std::string answer;
  for (const char c : std::string(200, 'G')) {
    if (!client.send(std::string(1, c))) break;
    answer += client.read_all(std::chrono::milliseconds(50));
    if (client.closed()) break;
  }
  CHECK(client.closed());
  CHECK(answer.empty());
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(8));
  // One that says nothing at all, and one that stays after its answer, fare alike.
  RawClient silent(served.port);
  CHECK(silent.read_all().empty());
  CHECK(silent.closed());
  RawClient lingering(served.port);
  lingering.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(status_of(lingering.read_all()) == 200);
  CHECK(lingering.closed());
}

TEST_CASE("however many connections are held open, probes are answered at once") {
  Served served;
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const char* const held[] = {"", "G", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", request.c_str(),
                              "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nabc"};
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 250; ++i) {
    clients.push_back(std::make_unique<RawClient>(served.port));
    clients.back()->send(held[i % std::size(held)]);
  }
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    CHECK(status_of(get(served.port, "/healthz")) == 200);
    CHECK(status_of(get(served.port, "/readyz")) == 200);
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
}

TEST_CASE("clients that do not take their answers keep nobody out") {
  HttpOptions options;
  options.connections_max = 5;
  HttpSubjects subjects;
  subjects.status = [] {
    JobStatus status;
    status.state = JobState::kRunning;
    return status;
  };
  subjects.metrics = [] { return std::string(20'000'000, 'x'); };
  options.port = 0;
  HttpEndpoint endpoint(options, subjects);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<RawClient>(endpoint.port()));
    clients.back()->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  const auto began = std::chrono::steady_clock::now();
  CHECK(status_of(get(endpoint.port(), "/healthz")) == 200);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
}

TEST_CASE("beyond the limit the connection that has been silent longest is closed") {
  HttpOptions options;
  options.connections_max = 3;
  Served served(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(served.port));
    REQUIRE(clients.back()->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(status_of(clients.back()->read_until("running\n")) == 200);
  }
  REQUIRE(clients[0]->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  CHECK(status_of(clients[0]->read_until("running\n")) == 200);
  CHECK(status_of(get(served.port, "/healthz")) == 200);
  CHECK(clients[1]->read_all().empty());
  CHECK(clients[1]->closed());
  REQUIRE(clients[0]->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  CHECK(status_of(clients[0]->read_until("running\n")) == 200);
}

TEST_CASE("malformed requests are refused and harm nobody") {
  HttpOptions options;
  options.timeout = std::chrono::milliseconds(2'000);
  Served served(options);
  for (const char* request :
       {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /metrics HTTP/1.1\nHost localhost\n\n",
        "GET  / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    INFO(request);
    RawClient client(served.port);
    client.send(request);
    client.finish_sending();
    const int status = status_of(client.read_all());
    CHECK((status == 400 || status == 0));
  }
  std::mt19937 random(3);
  const std::string good =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  for (int round = 0; round < 500; ++round) {
    std::string request = good;
    for (unsigned changes = 1 + random() % 5; changes > 0; --changes) {
      const std::size_t at = random() % request.size();
      switch (random() % 3) {
        case 0:
          request[at] = static_cast<char>(random());
          break;
        case 1:
          request.erase(at, random() % 8);
          break;
        default:
          request.insert(at, std::string(random() % 4, static_cast<char>(random())));
          break;
      }
      if (request.empty()) request = "x";
    }
    RawClient client(served.port);
    client.send(request);
    client.finish_sending();
    const int status = status_of(client.read_all());
    INFO(round << ": " << request);
    CHECK((status == 0 || status == 200 || status == 400 || status == 403 || status == 404 || status == 405));
  }
  CHECK(status_of(get(served.port, "/healthz")) == 200);
}

TEST_CASE("many clients at once are all answered") {
  Served served;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) good += status_of(get(served.port, "/metrics")) == 200;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 200);
}

TEST_CASE("ending the endpoint closes what is open") {
  auto served = std::make_unique<Served>();
  RawClient client(served->port);
  client.send("GET /healthz HT");
  const std::uint16_t port = served->port;
  served.reset();
  client.read_all();
  CHECK(client.closed());
  CHECK_FALSE(RawClient(port).connected());
}

TEST_CASE("an address that is taken is named, with the remedy") {
  Served served;
  HttpOptions options;
  options.port = served.port;
  try {
    HttpEndpoint second(options, {});
    FAIL("listened twice");
  } catch (const FailJob& e) {
    CHECK(e.code() == ExitCode::kCannotConnect);
    CHECK(contains(e.what(), "cannot serve HTTP on 127.0.0.1:" + std::to_string(served.port) +
                                 ": Address already in use"));
    CHECK(contains(e.what(), "--http off"));
  }
}

TEST_CASE("addresses are an IP address and a port") {
  CHECK(to_string(*parse_http_address("127.0.0.1:8480")) == "127.0.0.1:8480");
  CHECK(to_string(*parse_http_address("localhost:1")) == "127.0.0.1:1");
  CHECK(to_string(*parse_http_address("[::1]:65535")) == "[::1]:65535");
  for (const char* text : {"", "8480", ":8480", "::1:8480", "[127.0.0.1]:80", "127.0.0.1:65536",
                           "127.0.0.1:", "127.0.0.1:-1", "example.org:80", "127.0.0.1:8480x"}) {
    INFO(text);
    CHECK_FALSE(parse_http_address(text));
  }
  CHECK(is_loopback("127.5.5.5"));
  CHECK(is_loopback("::1"));
  CHECK_FALSE(is_loopback("0.0.0.0"));
  CHECK_FALSE(is_loopback("::"));
  CHECK_FALSE(is_loopback("192.168.0.1"));
}

}  // namespace weir
