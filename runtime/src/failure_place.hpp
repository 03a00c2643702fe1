#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include <weir/core/job_graph.hpp>

namespace weir {

/// Where in the pipeline this thread's work was when an exception went through.
struct FailurePlace {
  std::string text;    ///< "operator 'sums', worker 1, key \"a\""
  std::string vertex;  ///< whose place it is; what names it already is not told twice. Empty: a chain's
  /// An exception that says itself what is to be done about it, and by no code of the user's, needs no place.
  bool only_foreign = false;
};

/// Notes a place, from the inside out.
void add_failure_place(FailurePlace place);
/// Whether the exception at hand has come through a chain, or another place, already.
bool has_failure_place();
/// The row of the innermost chain's batch at which it failed, and how many the batch has. Of chains only.
struct FailedRow {
  std::size_t row = 0;
  std::size_t of = 0;
};
std::optional<FailedRow> failed_row();

/// The exception with the places that were noted on its way in front of what it says; of the same kind as far as that decides
/// what becomes of the job. Forgets the places.
std::exception_ptr with_failure_places(std::exception_ptr failure);
void forget_failure_places();

/// The chain of `edge`, which notes itself when something is thrown in it.
std::unique_ptr<BatchConsumer> placed_chain(const Edge& edge, const std::string& to,
                                            std::unique_ptr<BatchConsumer> chain);

/// "the row of event time …", or "rows of event times … to …": the part of a place that speaks of `rows`. `failed`: the one it was.
std::string text_of_rows(const Batch& rows, std::optional<std::size_t> failed);

}  // namespace weir
