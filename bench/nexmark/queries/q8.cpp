// Who has come to the house and opened an auction within the same ten seconds.

#include "../queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

struct Newcomer {
  std::int64_t id;
  std::string_view name;
  friend bool operator==(const Newcomer&, const Newcomer&) = default;
};
BOOST_DESCRIBE_STRUCT(Newcomer, (), (id, name))

using WindowOfNewcomer = weir::WindowResult<Newcomer, std::int64_t>;
using WindowOfSeller = weir::WindowResult<std::int64_t, std::int64_t>;

struct Q8Row {
  std::int64_t id;
  std::string_view name;
  weir::EventTime starttime;
};
BOOST_DESCRIBE_STRUCT(Q8Row, (), (id, name, starttime))

}  // namespace

void q8(weir::Pipeline&, const Events& events) {
  const auto windows = weir::tumbling(10s);
  // Each once a window; results have its last millisecond as their time, so they meet in the same window again.
  const auto newcomers = persons(events)
                             .key_by([](const Person& person) {
                               return Newcomer{person.id, person.name};
                             })
                             .window(windows)
                             .aggregate("newcomers", weir::count());
  const auto sellers =
      auctions(events).key_by(&Auction::seller).window(windows).aggregate("sellers", weir::count());
  newcomers.key_by([](const WindowOfNewcomer& newcomer) { return newcomer.key.id; })
      .join(sellers.key_by(&WindowOfSeller::key))
      .window(windows)
      .inner<Q8Row>("newcomers-who-sell",
                    [](const auto& newcomer, const auto&) {
                      return Q8Row{newcomer.key.id, newcomer.key.name, newcomer.window_start};
                    })
      .sink("results", "print:");
}

}  // namespace nexmark
