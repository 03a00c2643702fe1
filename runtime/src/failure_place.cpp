#include "failure_place.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/failed_at.hpp>

#include "time_text.hpp"

namespace weir {

namespace {

struct Noted {
  std::vector<FailurePlace> places;  // the innermost first
  std::optional<FailedRow> row;
};
thread_local Noted noted;

class PlacedChain final : public BatchConsumer {
 public:
  PlacedChain(std::string what, std::unique_ptr<BatchConsumer> chain)
      : what_(std::move(what)), chain_(std::move(chain)) {}

  void consume(const Batch& rows) override {
    try {
      chain_->consume(rows);
    } catch (...) {
      const FailedAt at = take_failed_at();
      if (!has_failure_place() && at.row) noted.row = FailedRow{*at.row, rows.size()};
      add_failure_place({fmt::format("{}, {}", what_, text_of_rows(rows, at.row)), "", false});
      throw;
    }
  }

 private:
  const std::string what_;
  const std::unique_ptr<BatchConsumer> chain_;
};

/// Of an exception that is no FailJob or RestartJob, everything may be said; of these, what they do not say themselves.
std::string text_of_places(const std::vector<FailurePlace>& places, bool own, const std::string& what) {
  std::string text;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    const bool told =
        own && !place->vertex.empty() && what.find("'" + place->vertex + "'") != std::string::npos;
    if (told || (own && place->only_foreign)) continue;
    if (!text.empty()) text += ", ";
    text += place->text;
  }
  return text.empty() ? what : text + ": " + what;
}

}  // namespace

void add_failure_place(FailurePlace place) { noted.places.push_back(std::move(place)); }

bool has_failure_place() { return !noted.places.empty(); }

std::optional<FailedRow> failed_row() { return noted.row; }

void forget_failure_places() { noted = {}; }

std::exception_ptr with_failure_places(std::exception_ptr failure) {
  const std::vector<FailurePlace> places = std::exchange(noted, {}).places;
  if (places.empty()) return failure;
  try {
    std::rethrow_exception(failure);
  } catch (const Fenced&) {
    return failure;
  } catch (const FailJob& own) {
    return std::make_exception_ptr(FailJob(text_of_places(places, true, own.what()), own.code()));
  } catch (const RestartJob& own) {
    return std::make_exception_ptr(RestartJob(text_of_places(places, true, own.what())));
  } catch (const std::exception& foreign) {
    return std::make_exception_ptr(RestartJob(text_of_places(places, false, foreign.what())));
  } catch (...) {
    return std::make_exception_ptr(
        RestartJob(text_of_places(places, false, "something was thrown that is no std::exception")));
  }
}

std::unique_ptr<BatchConsumer> placed_chain(const Edge& edge, const std::string& to,
                                            std::unique_ptr<BatchConsumer> chain) {
  return std::make_unique<PlacedChain>(edge.chain.empty()
                                           ? fmt::format("on the way to '{}'", to)
                                           : fmt::format("in {} on the way to '{}'", edge.chain, to),
                                       std::move(chain));
}

std::string text_of_rows(const Batch& rows, std::optional<std::size_t> failed) {
  if (rows.empty()) return "no rows";
  const auto times = rows.times();
  if (failed && *failed < rows.size())
    return times[*failed] == EventTime::min() ? "a row without event time"
                                              : "the row of event time " + text_of(times[*failed]);
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  if (*first == EventTime::min()) return fmt::format("{} rows", rows.size());
  if (*first == *last) return "rows of event time " + text_of(*first);
  return fmt::format("rows of event times {} to {}", text_of(*first), text_of(*last));
}

}  // namespace weir
