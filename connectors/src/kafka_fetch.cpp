#include "kafka_fetch.hpp"

#include <algorithm>

namespace weir::kafka {

namespace {
constexpr std::size_t kQueueBytesMost = 64 << 20;  // of fetched messages, all partitions of a source together
constexpr std::size_t kFetchBytesLeast = 64 << 10;
constexpr std::size_t kFetchBytesMost = 1 << 20;  // of a partition; a larger message comes alone
}  // namespace

std::map<std::string, std::string> fetch_limits(std::size_t memory_bytes, int partitions) {
  const std::size_t queue = memory_bytes == 0 ? kQueueBytesMost : std::min(memory_bytes, kQueueBytesMost);
  const std::size_t share = queue / static_cast<std::size_t>(std::max(partitions, 1));
  // A partition's queue has room for one fetch while another is read.
  const std::size_t fetch = std::clamp(share / 2, kFetchBytesLeast, kFetchBytesMost);
  return {{"queued.max.messages.kbytes", std::to_string(std::max(share, 2 * kFetchBytesLeast) / 1024)},
          {"fetch.message.max.bytes", std::to_string(fetch)},
          {"fetch.max.bytes", std::to_string(std::max(queue * 3 / 4, kFetchBytesMost))}};
}

}  // namespace weir::kafka
