#include <weir/operators/count_window.hpp>

#include <fmt/format.h>

namespace weir {

std::string CountWindows::description() const {
  if (size_ == slide_) return fmt::format("window of {} rows", size_);
  return fmt::format("window of {} rows every {}", size_, slide_);
}

void CountWindows::check_restored(std::string_view written_for) const {
  if (written_for == description()) return;
  throw FailJob(fmt::format("the checkpoint's count windows are others ('{}') than the pipeline's ('{}'); "
                            "go back to those, or give the aggregate a new name to begin with empty windows",
                            written_for, description()),
                ExitCode::kStateUnusable);
}

}  // namespace weir
