#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/manifest.hpp>
#include <weir/core/error.hpp>

#include "golden_copy.hpp"
#include "golden_pipeline.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, const std::string& content) {
  fs::remove(path);  // other links to it keep what they have
  std::ofstream(path, std::ios::binary) << content;
}

/// What decoding says against some bytes; empty: nothing.
std::string refusal(const std::string& bytes, const std::string& name) {
  try {
    decode_manifest(bytes, name);
  } catch (const FailJob& error) {
    CHECK(error.code() == ExitCode::kStateUnusable);
    return error.what();
  }
  return "";
}

/// Damages as disks, copies and people do. Gives what is left; nothing when the file is gone.
std::optional<std::string> damaged(std::string content, std::mt19937_64& random, std::string& how) {
  const auto at = [&] { return static_cast<std::size_t>(random() % content.size()); };
  switch (random() % 7) {
    case 0:
      how = "missing";
      return std::nullopt;
    case 1:
      how = "truncated";
      content.resize(at());
      return content;
    case 2:
      how = "too long";
      return content + std::string(1 + random() % 100, static_cast<char>(random()));
    case 3: {
      how = "zeroed";  // what was not zero
      const std::size_t begin = at();
      const std::string before = content;
      for (std::size_t n = begin; n < std::min(content.size(), begin + 512); ++n) content[n] = '\0';
      if (content == before) content[begin] = '\1';
      return content;
    }
    case 4: {
      how = "another file's content";
      return std::string(content.size(), 'x');
    }
    default: {
      how = "a byte changed";
      content[at()] ^= static_cast<char>(1 + random() % 255);
      return content;
    }
  }
}

std::size_t damages_wanted() {
  const char* wanted = std::getenv("WEIR_DAMAGES");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 100;
}

}  // namespace

TEST_CASE(
    "Every changed byte and every truncation of a real manifest is refused by a message that names it") {
  const GoldenCopy golden;
  const fs::path path = fs::directory_iterator(golden.kept / "manifests")->path();
  const std::string name = path.string();
  std::string bytes = content_of(path);
  REQUIRE(refusal(bytes, name).empty());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (refusal(bytes.substr(0, i), name).find(name) != std::string::npos) ++refused;
    for (const int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      bytes[i] ^= static_cast<char>(flip);
      if (refusal(bytes, name).find(name) != std::string::npos) ++refused;
      bytes[i] ^= static_cast<char>(flip);
    }
  }
  CHECK(refused == 10 * bytes.size());
}

TEST_CASE("A damaged file of a checkpoint is found before a record is read, and named") {
  const GoldenCopy golden;
  std::vector<fs::path> files;
  for (const char* folder : {"files", "manifests"})
    for (const auto& entry : fs::directory_iterator(fs::path(golden.checkpoint) / folder))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 6);
  std::mt19937_64 random(11);
  std::size_t refused = 0;
  const std::size_t wanted = damages_wanted();
  for (std::size_t n = 0; n < wanted; ++n) {
    const fs::path victim = files[random() % files.size()];
    const std::string whole = content_of(victim);
    std::string how;
    const auto left = damaged(whole, random, how);
    if (left) write(victim, *left);
    else fs::remove(victim);
    INFO("damage " << n << " of " << victim << ": " << how);

    Machine machine;
    JobOptions options = golden.options(1 + static_cast<std::uint32_t>(random() % 3));
    options.state = random() % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
    Job job(golden_pipeline(), options, machine.world_on_disk());
    const ExitCode code = job.run();
    INFO(job.status().last_failure);
    CHECK(code == ExitCode::kStateUnusable);
    const bool gone =
        victim.parent_path().filename() == "manifests" && !left;  // then there is no savepoint at all
    CHECK_THAT(job.status().last_failure,
               Catch::Contains(gone ? golden.checkpoint : victim.filename().string()));
    for (const auto& source : job.status().sources) CHECK(source.records == 0);
    CHECK(all_rows(machine).empty());
    if (code == ExitCode::kStateUnusable) ++refused;
    write(victim, whole);
  }
  CHECK(refused == wanted);
  Machine machine;
  CHECK(Job(golden_pipeline(), golden.options(2), machine.world_on_disk()).run() == ExitCode::kDone);
}

}  // namespace weir
