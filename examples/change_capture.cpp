// What Debezium captures of a database's orders and customers, joined: each order with its customer's name and city, as it is now, and
// again whenever either changes. Input: tests/change_capture, or the topics that Debezium writes (with
// value.converter.schemas.enable=false), as "kafka:shop.orders?tombstones=skip".

#include <weir/weir.hpp>

namespace {

struct Order {
  std::int64_t id;
  std::int64_t customer_id;
  std::int64_t cents;
  std::string_view status;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer_id, cents, status))

struct Customer {
  std::int64_t id;
  std::string_view name;
  std::optional<std::string_view> city;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (id, name, city))

struct OrderOfCustomer {
  std::int64_t order_id;
  std::int64_t cents;
  std::string_view status;
  std::optional<std::string_view> customer;
  std::optional<std::string_view> city;
  bool deleted;
};
BOOST_DESCRIBE_STRUCT(OrderOfCustomer, (), (order_id, cents, status, customer, city, deleted))

OrderOfCustomer with_customer(const Order& order, const Customer* customer) {
  OrderOfCustomer joined{order.id, order.cents, order.status, {}, {}, false};
  if (customer) {
    joined.customer = customer->name;
    joined.city = customer->city;
  }
  return joined;
}

OrderOfCustomer deleted(OrderOfCustomer last) {
  last.deleted = true;
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::main(argc, argv, "change-capture", [](weir::Pipeline& pipeline) {
    auto orders = weir::debezium(
        "order-rows",
        pipeline.source<weir::DebeziumEvent<Order>>("orders", "file:tests/change_capture/orders.jsonl"),
        &Order::id);
    auto customers = weir::debezium("customer-rows",
                                    pipeline.source<weir::DebeziumEvent<Customer>>(
                                        "customers", "file:tests/change_capture/customers.jsonl"),
                                    &Customer::id);
    orders.left_join_by("orders-of-customers", customers, &Order::customer_id, with_customer)
        .to_stream(deleted)
        .sink("joined", "print:");
  });
}
