#pragma once

#include <filesystem>
#include <string>

#include "job_fixture.hpp"
#include "project_directory.hpp"

namespace weir {

/// The golden checkpoint in a directory of the test's own.
struct GoldenCopy {
  JobScratch scratch;
  const std::filesystem::path kept = testing::project_directory() / "tests/golden/v1";
  const std::string checkpoint = scratch / "checkpoint";

  GoldenCopy() {
    for (const char* part : {"manifests", "files", "COMMITTED"}) {
      std::filesystem::create_directories(checkpoint);
      std::filesystem::copy(kept / part, std::filesystem::path(checkpoint) / part,
                            std::filesystem::copy_options::recursive);
    }
  }
  /// Options of a job that starts from it.
  JobOptions options(std::uint32_t parallelism) const {
    JobOptions options = quick_options(parallelism);
    options.state_dir = scratch / "state";
    options.checkpoint_dir = scratch / "checkpoints";
    options.from = StartFrom::kSavepoint;
    options.savepoint = checkpoint;
    return options;
  }
};

}  // namespace weir
