#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/epoch.hpp>

namespace weir {

/// What a file sink's manifest entry says of one part file: SinkPart::payload.
struct PartFile {
  std::string staged_name;  ///< below .staged
  std::string final_name;   ///< below the sink's directory; with those of its partition
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3 of the bytes

  /// Entries one after the other are a payload.
  std::string encode() const;
  /// Those of a payload. Throws FailJob(kStateUnusable) when the text is none.
  static std::vector<PartFile> decode(std::string_view payload);
};

/// Names of part files: `part-0000000007-2.jsonl`; a second fresh run into the same directory adds `.run2`
/// before the ending. Where a worker may write several an epoch they are numbered: `part-0000000007-2-000001.jsonl`.
std::string part_name(Epoch epoch, std::uint32_t worker, std::optional<std::uint64_t> number,
                      std::uint64_t run, std::string_view ending);

/// The run that a part file of that name belongs to, 0 when it is no part file's name.
std::uint64_t run_of_part(std::string_view name);

}  // namespace weir
