// Orders in many currencies, priced in euros by a rates service: looked up over HTTP, many at a time, remembered for a while.
// Input: orders as CSV (tests/enrichment/orders.csv), or a topic with the same fields as JSON. The service answers
// GET /rates/<currency> with {"euros": 0.92}, or 404.

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Order {
  std::uint64_t id;
  weir::EventTime placed;
  std::string_view currency;
  double amount;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, placed, currency, amount))

struct Rate {
  double euros;  // what one of the currency is worth
};
BOOST_DESCRIBE_STRUCT(Rate, (), (euros))

struct PricedOrder {
  std::uint64_t id;
  weir::EventTime placed;
  std::string_view currency;
  double amount;
  std::optional<double> euros;  // none: no such currency
};
BOOST_DESCRIBE_STRUCT(PricedOrder, (), (id, placed, currency, amount, euros))

std::string path_of(std::string_view currency) { return "/rates/" + weir::url_encoded(currency); }

PricedOrder price(const Order& order, const Rate* rate) {
  std::optional<double> euros;
  if (rate) euros = order.amount * rate->euros;
  return {order.id, order.placed, order.currency, order.amount, euros};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<weir::Parameter> parameters{
      {"rates", weir::ParameterKind::kText, "http://127.0.0.1:8080", "the service that knows the rates"},
      {"rate-ttl", weir::ParameterKind::kDuration, "10min", "how long a rate is good for"},
  };
  return weir::main(
      argc, argv, "enrichment", parameters, [](weir::Pipeline& pipeline, const weir::Settings& settings) {
        const auto service = weir::http::service(settings.text("rates"));
        const auto rate = [](const weir::HttpResponse& response) { return response.json<Rate>(); };
        const auto requests = weir::async_options()
                                  .timeout(20s)
                                  .attempt_timeout(5s)
                                  .retry(weir::retries(5).first_delay(50ms))
                                  .failed_rows();
        auto priced = pipeline.source<Order>("orders", "file:tests/enrichment/orders.csv")
                          .event_time(&Order::placed, weir::bounded_out_of_orderness(1min))
                          .lookup<PricedOrder>(
                              "price", &Order::currency, service.fetch(path_of, rate), price,
                              weir::lookup_options().ttl(settings.duration("rate-ttl")).requests(requests));
        priced.sink("priced", "print:");
        priced.failed().sink("unpriced", "discard:");
      });
}
