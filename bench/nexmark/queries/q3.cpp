// Who sells in three states: auctions of category 10 with their sellers there, whichever comes first, however much later the other.

#include "../queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kCategory = 10;

struct Q3Row {
  std::string_view name;
  std::string_view city;
  std::string_view state;
  std::int64_t id;
};
BOOST_DESCRIBE_STRUCT(Q3Row, (), (name, city, state, id))

struct Seller {
  std::string_view name;
  std::string_view city;
  std::string_view state;
};
BOOST_DESCRIBE_STRUCT(Seller, (), (name, city, state))

struct SellersAuctions {
  using Context = weir::KeyedContext<std::int64_t, Q3Row>;

  weir::ValueState<Seller> seller{"seller"};
  weir::ListState<std::int64_t> waiting{"auctions-without-seller"};
  auto states() { return std::tie(seller, waiting); }

  void process_left(const Person& person, Context& context) {
    const Seller known{person.name, person.city, person.state};
    seller.set(known);
    waiting.for_each([&](std::int64_t auction, weir::EventTime) { context.emit(row(known, auction)); });
    waiting.clear();
  }
  void process_right(const Auction& auction, Context& context) {
    if (const Seller* known = seller.get()) context.emit(row(*known, auction.id));
    else waiting.add(auction.id);
  }

 private:
  static Q3Row row(const Seller& seller, std::int64_t auction) {
    return {seller.name, seller.city, seller.state, auction};
  }
};

}  // namespace

void q3(weir::Pipeline&, const Events& events) {
  const auto sellers = persons(events).filter(
      [](const Person& p) { return p.state == "OR" || p.state == "ID" || p.state == "CA"; });
  const auto wanted = auctions(events).filter([](const Auction& a) { return a.category == kCategory; });
  sellers.key_by(&Person::id)
      .connect_with(wanted.key_by(&Auction::seller))
      .process<Q3Row>("sellers-auctions", SellersAuctions{})
      .sink("results", "print:");
}

}  // namespace nexmark
