#include <weir/core/hash.hpp>
#include <weir/core/key_group.hpp>
#include <weir/weir.hpp>

#include <cstdio>

int main() {
  const weir::KeyGroup group = weir::key_group_of(weir::hash_bytes("EWR"), weir::kDefaultMaxParallelism);
  std::printf("key group %u\n", static_cast<unsigned>(group));
}
