#pragma once

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// A manifest with something in every field. The golden files hold exactly this: never change what is here.
inline Manifest example_manifest() {
  Manifest m;
  m.job = "flight-delays";
  m.instance = "0";
  m.fingerprint = "hourly-delay[accumulators]";
  m.epoch = 42;
  m.predecessor = 40;
  m.predecessor_checksum = {0x1111111111111111, 0x2222222222222222};
  m.max_parallelism = 128;
  m.parallelism = 2;
  m.created_millis = 1'700'000'000'123;
  m.final = true;
  m.sources = {{"flights", "flights-0", {10, ""}, {25, "inode 7"}, {1'699'999'999'000}, false},
               {"flights", "flights-1 \xff", {-2, ""}, {-1, ""}, EventTime::min(), true}};
  m.shards = {{0, {0, 64}, {{"000007.sst", 4096, {1, 2}}, {"CURRENT", 16, {3, 4}}}}, {1, {64, 128}, {}}};
  m.operator_states = {{"hourly-delay", 0, std::string("\0panes\xfe", 7)}, {"hourly-delay", 1, ""}};
  m.schemas = {{"hourly-delay", {"accumulators", "text", "{count:int64,total:double}"}}};
  m.sinks = {{"delays", {{0, "staged/part-0", {3, 5, 7}}, {1, "", {0, 0, 0}}}}};
  m.edges = {{"flights → hourly-delay", {15, 100, 200}, {15, 100, 200}}};
  return m;
}

inline CommitRecord example_commit_record() {
  return {"flight-delays", "0", 42, {0x0123456789abcdef, 0xfedcba9876543210}, example_manifest().sources};
}

}  // namespace weir
