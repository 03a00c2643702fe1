// Payments that a payment service reports, each at least once: a report that is not acknowledged in time is sent again, word for word.
// Passes each payment on once; what comes again within an hour is dropped, what comes too late to be judged goes to a side output.

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Payment {
  std::string_view id;
  weir::EventTime paid;
  std::string_view shop;
  std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(Payment, (), (id, paid, shop, cents))

}  // namespace

int main(int argc, char** argv) {
  return weir::main(argc, argv, "deduplication", [](weir::Pipeline& pipeline) {
    auto payments = pipeline.source<Payment>("reports", "file:tests/deduplication/reports.csv")
                        .event_time(&Payment::paid, weir::bounded_out_of_orderness(15min))
                        .idle_after(30s)
                        .key_by(&Payment::id)
                        .deduplicate("once", weir::first_within(1h).allowed_lateness(1h));
    payments.sink("payments", "print:");
    payments.late().sink("late", "discard:");
  });
}
