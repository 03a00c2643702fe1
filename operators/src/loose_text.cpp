#include <weir/operators/loose_text.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir::detail {

void fail_for_loose_text(std::string_view to, std::string_view field, std::string_view row) {
  throw FailJob(fmt::format(
      "rows on their way to '{}': {} of {} points to text that is gone when the function that made the row "
      "returns; "
      "put it into the weir::Arena& that map(), flat_map() and generated_by() give, "
      "`[](const Row& row, weir::Arena& arena) {{ … arena.copy(text) … }}`, or make the field a std::string",
      to, field.empty() ? "it" : fmt::format("field `{}`", field), row));
}

}  // namespace weir::detail
