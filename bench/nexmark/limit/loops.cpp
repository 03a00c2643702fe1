#include "loops.hpp"

#include <stdexcept>
#include <string>

#include "../../cpu_seconds.hpp"
#include "../row_hash.hpp"
#include "highest_bids.hpp"
#include "hot_items.hpp"
#include "newcomers.hpp"
#include "records.hpp"
#include "sessions.hpp"

namespace nexmark::by_hand {

namespace {

/// Lets the compiler not leave out what a value takes.
template <class Value>
void must_exist(const Value& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

struct CountRows {
  std::uint64_t rows = 0;
  template <class Row>
  void operator()(const Row& row) {
    must_exist(row);
    ++rows;
  }
};

struct DigestRows {
  weir::Digest digest;
  template <class Row>
  void operator()(const Row& row) {
    digest.add(hash_row(weir::row_schema<Row>(), &row));
  }
};

struct OnlyEvents {
  void operator()(const Event& event, weir::Arena&) { must_exist(event); }
  void end() {}
};

template <class Loop>
void run(const BenchOptions& options, Loop loop) {
  constexpr std::uint64_t kEventsAnArena = 1024;
  const Generator generator(options.seed, clock_of(options), options.crowd);
  weir::Arena arena;
  for (std::uint64_t n = 0; n < options.events; ++n) {
    if (n % kEventsAnArena == 0) arena.clear();
    loop(generator.event(n, arena), arena);
  }
  loop.end();
}

template <class Take>
void run_query(std::string_view query, const BenchOptions& options, Take& take) {
  const weir::Duration delay = options.watermark_delay;
  if (query == "q0") return run(options, AllBids<Take>{take});
  if (query == "q1") return run(options, Euros<Take>{take});
  if (query == "q2") return run(options, SomeAuctions<Take>{take});
  if (query == "q5") return run(options, HotItems<Take>(take, delay));
  if (query == "q7") return run(options, HighestBids<Take>(take, delay));
  if (query == "q8") return run(options, NewcomersWhoSell<Take>(take, delay));
  if (query == "q11") return run(options, Sessions<Take>(take, delay));
  throw std::logic_error("no loop for " + std::string(query));
}

}  // namespace

bool has_loop(std::string_view query) {
  for (const std::string_view known : {"q0", "q1", "q2", "q5", "q7", "q8", "q11"})
    if (query == known) return true;
  return false;
}

Spent spend(std::string_view query, const BenchOptions& options) {
  Texts::of(options.seed);  // made once, in weir too; not what is compared
  CountRows count;
  const double before = cpu_seconds();
  run_query(query, options, count);
  return {cpu_seconds() - before, count.rows};
}

weir::Digest digest(std::string_view query, const BenchOptions& options) {
  DigestRows rows;
  run_query(query, options, rows);
  return rows.digest;
}

Spent spend_on_events(const BenchOptions& options) {
  Texts::of(options.seed);
  const double before = cpu_seconds();
  run(options, OnlyEvents{});
  return {cpu_seconds() - before, 0};
}

}  // namespace nexmark::by_hand
