#include <weir/operators/generator.hpp>

#include <fmt/format.h>

namespace weir::detail {

namespace {

/// Older versions wrote none.
std::string seed_text(const GeneratorOptions& options) { return fmt::format("seed={}", options.seed); }

[[noreturn]] void refuse(const std::string& what) {
  throw FailJob("generator: " + what + ", or start over with --from fresh", ExitCode::kStateUnusable);
}

}  // namespace

Position generator_position(const GeneratorOptions& options, std::uint64_t given) {
  return {static_cast<std::int64_t>(given), seed_text(options)};
}

void check_generator(const GeneratorOptions& options, const std::vector<RestoredPartition>& restored) {
  if (restored.empty()) return;
  if (restored.size() != options.partitions)
    refuse(fmt::format(
        "the checkpoint was taken with partitions={0}, and the address says partitions={1}: row n "
        "goes to another partition then, so that some rows would come twice and others never; keep "
        "partitions={0}",
        restored.size(), options.partitions));
  for (const RestoredPartition& partition : restored) {
    const std::string& detail = partition.position.detail;
    if (!detail.empty() && detail != seed_text(options))
      refuse(fmt::format(
          "the checkpoint was taken with {0}, and the address says {1}: these are other rows; keep {0}",
          detail, seed_text(options)));
  }
  std::int64_t given = 0;
  for (const RestoredPartition& partition : restored) given += partition.position.offset;
  if (options.events && given > static_cast<std::int64_t>(*options.events))
    refuse(
        fmt::format("the checkpoint has {} rows, and events={} makes fewer; give as many as before, or more",
                    given, *options.events));
}

}  // namespace weir::detail
