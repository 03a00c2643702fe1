#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"

namespace nexmark {

/// A query builds its pipeline from the events into the sink "results". Each is in queries/<name>.cpp.
struct Query {
  std::string_view name;
  std::string_view title;
  void (*build)(weir::Pipeline& pipeline, const Events& events);
  /// The same, with what becomes of each row; null where rows are never taken back.
  void (*build_changelog)(weir::Pipeline& pipeline, const Events& events);
};

/// All of them, in the order of their numbers.
std::span<const Query> queries();

/// Throws weir::FailJob(kUsage), naming those there are.
const Query& query_named(std::string_view name);
/// The names, with all of them in place of "all". Throws as query_named().
std::vector<std::string> chosen_queries(const std::vector<std::string>& said);

}  // namespace nexmark
