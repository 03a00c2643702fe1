#include "queries.hpp"

#include <string>

#include <weir/core/error.hpp>

namespace nexmark {

// A line a query: name, what it asks. Defined in queries/<name>.cpp. A `table` changes rows that it has given, and has a changelog.
// clang-format off
#define NEXMARK_QUERIES(query, table) \
  query(q0, "all bids as they are") \
  query(q1, "prices in euros") \
  query(q2, "bids for every 123rd auction") \
  query(q3, "auctions of sellers in three states") \
  table(q4, "average prices of categories") \
  query(q5, "auctions with the most bids, in sliding windows") \
  query(q6, "average prices of sellers' last ten auctions") \
  query(q7, "highest bids, in windows") \
  query(q8, "new persons who open auctions, in windows") \
  table(q9, "auctions with their winning bids") \
  query(q10, "bids with day and minute") \
  query(q11, "bids of a bidder's sessions") \
  query(q12, "bids of bidders, in windows of the wall clock") \
  query(q13, "bids with a side input") \
  query(q14, "bids with calculated columns") \
  table(q15, "statistics of days") \
  table(q16, "statistics of channels and days") \
  table(q17, "prices of auctions and days") \
  table(q18, "last bids of bidders for auctions") \
  table(q19, "highest ten bids of auctions") \
  query(q20, "bids with their auctions") \
  query(q21, "bids with the number of their channel") \
  query(q22, "bids with directories of their address") \
  query(q23, "bids of those who sell, with their auctions")
// clang-format on

#define NEXMARK_DECLARE(name, title) void name(weir::Pipeline& pipeline, const Events& events);
#define NEXMARK_DECLARE_TABLE(name, title) \
  NEXMARK_DECLARE(name, title)             \
  NEXMARK_DECLARE(name##_changelog, title)
NEXMARK_QUERIES(NEXMARK_DECLARE, NEXMARK_DECLARE_TABLE)
#undef NEXMARK_DECLARE
#undef NEXMARK_DECLARE_TABLE

std::span<const Query> queries() {
#define NEXMARK_LIST(name, title) {#name, title, name, nullptr},
#define NEXMARK_LIST_TABLE(name, title) {#name, title, name, name##_changelog},
  static constexpr Query kQueries[] = {NEXMARK_QUERIES(NEXMARK_LIST, NEXMARK_LIST_TABLE)};
#undef NEXMARK_LIST
#undef NEXMARK_LIST_TABLE
  return kQueries;
}

const Query& query_named(std::string_view name) {
  std::string known;
  for (const Query& query : queries()) {
    if (query.name == name) return query;
    known += (known.empty() ? "" : ", ") + std::string(query.name);
  }
  throw weir::FailJob("there is no query '" + std::string(name) + "'; there are " + known,
                      weir::ExitCode::kUsage);
}

std::vector<std::string> chosen_queries(const std::vector<std::string>& said) {
  std::vector<std::string> chosen;
  for (const std::string& name : said) {
    if (name != "all") {
      chosen.emplace_back(query_named(name).name);
      continue;
    }
    for (const Query& query : queries()) chosen.emplace_back(query.name);
  }
  return chosen;
}

}  // namespace nexmark
