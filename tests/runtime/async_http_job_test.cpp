#include "../connectors/http_server.hpp"

#include <catch2/catch.hpp>

#include <weir/connectors/http.hpp>
#include <weir/operators/async.hpp>
#include <weir/operators/lookup.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::LocalServer;

struct Item {
  std::uint64_t id;
  std::string_view name;
};
BOOST_DESCRIBE_STRUCT(Item, (), (id, name))

struct Label {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Label, (), (text))

struct Labelled {
  std::uint64_t id;
  std::string_view name;
  std::string_view label;
};
BOOST_DESCRIBE_STRUCT(Labelled, (), (id, name, label))

constexpr std::uint64_t kEvents = 400;

Item item(std::uint64_t n, std::uint64_t, Arena& arena) {
  return {n, arena.copy("item " + std::to_string(n % 20))};
}

/// Answers /labels/<name>, and POSTs of a name, with the name between brackets; each seventh request with 503.
std::optional<LocalServer::Response> label(std::atomic<int>& requests, const LocalServer::Request& request) {
  if (++requests % 7 == 0) return LocalServer::status(request, 503);
  std::string name = request.body();
  if (name.empty()) name = std::string(request.target()).substr(std::string("/labels/item%20").size());
  return LocalServer::ok(request, "{\"text\":\"<" + name + ">\"}");
}

std::vector<std::string> expected(const std::string& before) {
  std::vector<std::string> rows;
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    const std::string number = std::to_string(n % 20);
    rows.push_back("{id:" + std::to_string(n) + ",name:item " + number + ",label:<" + before + number + ">}");
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

template <class Enrich>
std::vector<std::string> run(Enrich enrich) {
  Pipeline pipeline("labelling");
  auto items = pipeline.source<Item>("items", "generator:?partitions=2&events=" + std::to_string(kEvents))
                   .generated_by(item);
  enrich(items).sink("labelled", "collect:");
  Machine machine;
  Job job(pipeline.graph(), quick_options(2), machine.world());
  CHECK(job.run() == ExitCode::kDone);
  CHECK(job.status().last_failure == "");
  return machine.rows.sorted("labelled");
}

AsyncOptions<> patient() {
  return async_options().unordered().capacity(50).timeout(60s).retry(
      retries(50).first_delay(1ms).max_delay(5ms));
}

std::string path_of(std::string_view name) { return "/labels/" + url_encoded(name); }

}  // namespace

TEST_CASE("Rows are enriched over HTTP by async(), with GET and with POST") {
  std::atomic<int> requests{0};
  LocalServer server([&](const LocalServer::Request& request) { return label(requests, request); });
  const auto service = http::service(server.url());
  const auto parse = [](const Item& row, const HttpResponse& response, Arena& arena) {
    return Labelled{row.id, row.name, arena.copy(response.json<Label>().text)};
  };
  CHECK(run([&](auto items) {
          const auto get = service.get([](const Item& row) { return path_of(row.name); }, parse);
          return items.template async<Labelled>("label", get, patient());
        }) == expected(""));
  CHECK(run([&](auto items) {
          const auto post = service.post([](const Item&) { return std::string("/labels"); },
                                         [](const Item& row) { return std::string(row.name); }, parse);
          return items.template async<Labelled>("label", post, patient());
        }) == expected("item "));
  CHECK(server.connections() <= 16);
}

TEST_CASE("A lookup over HTTP asks once a key and worker, failures aside") {
  std::atomic<int> requests{0};
  LocalServer server([&](const LocalServer::Request& request) { return label(requests, request); });
  const auto fetch =
      http::service(server.url()).fetch(path_of, [](const HttpResponse& r) { return r.json<Label>(); });
  CHECK(run([&](auto items) {
          return items.template lookup<Labelled>(
              "label", &Item::name, fetch,
              [](const Item& row, const Label* found) {
                return Labelled{row.id, row.name, found ? std::string_view(found->text) : "none"};
              },
              lookup_options().requests(patient()));
        }) == expected(""));
  CHECK(requests >= 20);
  CHECK(requests <= 2 * 20 + requests / 7);
}

}  // namespace weir
