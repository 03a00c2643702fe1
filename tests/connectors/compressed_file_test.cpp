#include <cstdlib>

#include <zstd.h>

#include "file_rows.hpp"

using namespace file_rows;

namespace {

using std::string_literals::operator""s;

const std::string kRow = flight("EWR", 1, "1");

std::string job_failure(const std::string& address) {
  Collected<Flight> into;
  return failure_of(ExitCode::kJobFailed, [&] { read_source(address, into); });
}

std::string skippable_frame(std::size_t bytes) {
  std::string frame = "\x5A\x2A\x4D\x18"s;
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(bytes >> shift & 0xFF);
  return frame + std::string(bytes, 'x');
}

/// Content that zstd was told to keep a window of so many bits for.
std::string zstd_with_window(std::string_view content, int window_bits) {
  ZSTD_CCtx* const zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_bits);
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_enableLongDistanceMatching, 1);
  std::string out(ZSTD_compressBound(content.size()), '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer in{content.data(), content.size(), 0};
  // In two goes, as a stream whose length is not known beforehand.
  ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_flush);
  REQUIRE(ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(zstd);
  out.resize(to.pos);
  return out;
}

}  // namespace

TEST_CASE("Zeros behind gzip members fill up a tape's block, and are no content") {
  const TempDir dir;
  const std::string member = compressed(kRow + "\n", ".gz");
  const std::size_t zeros = GENERATE(1, 511, 300'000, 5'000'000);
  dir.write("a.jsonl.gz", member + std::string(zeros, '\0'));
  CHECK(read_source("file:" + dir.path("a.jsonl.gz")) == std::vector{kRow});
  dir.write("a.jsonl.gz", member + std::string(zeros, '\0') + member + member + "\0"s);
  CHECK(read_source("file:" + dir.path("a.jsonl.gz")) == std::vector{kRow, kRow, kRow});
}

TEST_CASE("What follows compressed data and is none is named with the byte where it begins") {
  const TempDir dir;
  const std::string ending = GENERATE(".gz", ".zst");
  const std::string whole = compressed(kRow + "\n", ending);
  for (const std::string& garbage : {"garbage at the end"s, kRow, "\n"s, "\0\0x"s}) {
    // zstd cannot tell less than four bytes from the beginning of a frame that was cut off.
    if (ending == ".zst" && garbage.size() < 4) continue;
    dir.write("a.jsonl" + ending, whole + garbage);
    const bool padded = ending == ".gz" && garbage.front() == '\0';
    const std::string at = std::to_string(whole.size() + (padded ? 2 : 0));
    CHECK_THAT(job_failure("file:" + dir.path("a.jsonl" + ending)), Catch::Contains("a.jsonl" + ending) &&
                                                                        Catch::Contains("at byte " + at) &&
                                                                        Catch::Contains("head -c " + at));
  }
}

TEST_CASE("Several members and frames, empty ones and skippable ones too, read as one content") {
  const TempDir dir;
  const std::string empty_gz = compressed("", ".gz"), empty_zst = compressed("", ".zst");
  const std::string half = kRow.substr(0, 9), other = kRow.substr(9) + "\n";
  std::string many;
  for (int i = 0; i < 40'000; ++i) many += empty_gz;
  dir.write("a.jsonl.gz", empty_gz + compressed(half, ".gz") + many + compressed(other, ".gz") + empty_gz);
  dir.write("b.jsonl.zst", skippable_frame(70'000) + empty_zst + compressed(half, ".zst") +
                               skippable_frame(0) + compressed(other, ".zst") + skippable_frame(900'000));
  dir.write("c.jsonl.gz", empty_gz);
  dir.write("d.jsonl.zst", empty_zst);
  CHECK(read_source("file:" + dir.path()) == std::vector{kRow, kRow});
  CHECK(read_source("file:" + dir.path("*.gz")) == std::vector{kRow});
}

TEST_CASE(
    "Compressed files cut off anywhere are named, but for a file of no bytes, which is empty and warned of") {
  const TempDir dir;
  const std::string ending = GENERATE(".gz", ".zst");
  const std::string whole = compressed(kRow + "\n", ending) + compressed(kRow + "\n", ending);
  const std::size_t first = compressed(kRow + "\n", ending).size();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == first) continue;
    dir.write("a.jsonl" + ending, whole.substr(0, size));
    CHECK_THAT(job_failure("file:" + dir.path("a.jsonl" + ending)), Catch::Contains("ends in the middle"));
  }
  warnings().clear();
  dir.write("a.jsonl" + ending, "");
  CHECK(read_source("file:" + dir.path("a.jsonl" + ending)).empty());
  REQUIRE(warnings().size() == 1);
  CHECK_THAT(warnings()[0], Catch::Contains("a.jsonl" + ending) && Catch::Contains("no byte at all"));
}

TEST_CASE("A name that tells another compression than the content has is refused by both") {
  const TempDir dir;
  const std::string line = kRow + "\n";
  const auto refusal = [&](const std::string& name, const std::string& content,
                           const std::string& parameters = "") {
    dir.write(name, content);
    return usage_failure("file:" + dir.path(name) + parameters);
  };
  CHECK_THAT(refusal("a.jsonl.gz", line), Catch::Contains("should be gzip") &&
                                              Catch::Contains("not compressed") &&
                                              Catch::Contains("?compress="));
  CHECK_THAT(refusal("a.jsonl.zst", compressed(line, ".gz")),
             Catch::Contains("should be zstd") && Catch::Contains("it is gzip"));
  CHECK_THAT(refusal("a.jsonl", compressed(line, ".gz")),
             Catch::Contains("is gzip") && Catch::Contains(".gz"));
  CHECK_THAT(refusal("a.csv", compressed(line, ".zst")), Catch::Contains("is zstd"));
  CHECK_THAT(refusal("a.csv", "BZh91AY&SY\x01"),
             Catch::Contains("is bzip2") && Catch::Contains("cannot be read"));
  CHECK_THAT(refusal("a.csv", "PAR1\x15\x04"), Catch::Contains("Parquet"));
  CHECK_THAT(refusal("a.csv", "PK\x03\x04"), Catch::Contains("zip"));
  CHECK_THAT(refusal("a.log", compressed(line, ".gz"), "?format=raw"), Catch::Contains("is gzip"));
  CHECK_THAT(refusal("a.jsonl.gz", compressed(compressed(line, ".gz"), ".gz")),
             Catch::Contains("holds gzip"));
  CHECK_THAT(refusal("a.jsonl", line, "?compress=zst"), Catch::Contains("parameter `compress`"));
}

TEST_CASE("The parameter compress wins over the name") {
  const TempDir dir;
  dir.write("a.jsonl.gz", kRow);
  CHECK(read_source("file:" + dir.path("a.jsonl.gz") + "?compress=none") == std::vector{kRow});
  dir.write("b.log", compressed(kRow, ".zst"));
  CHECK(read_source("file:" + dir.path("b.log") + "?compress=zst&format=jsonl") == std::vector{kRow});
  dir.write("c.txt", "BZh91AY&SY\n");
  CHECK(read_source<rows::Line>("file:" + dir.path("c.txt") + "?compress=none&format=raw") ==
        std::vector<std::string>{R"({"text":"BZh91AY&SY"})"});
}

TEST_CASE("A zstd window beyond what a file may take of the memory is refused with the remedy") {
  const TempDir dir;
  std::string content;
  while (content.size() < 9'000'000) content += kRow + "\n";
  dir.write("small.jsonl.zst", zstd_with_window(content, 23));
  Collected<Flight> into;
  CHECK(read_source("file:" + dir.path("small.jsonl.zst"), into).size() ==
        content.size() / (kRow.size() + 1));
  dir.write("large.jsonl.zst", zstd_with_window(content, 27));
  const std::string address = "file:" + dir.path("large.jsonl.zst");
  CHECK_THAT(job_failure(address), Catch::Contains("large.jsonl.zst") && Catch::Contains("8388608") &&
                                       Catch::Contains("--long") && Catch::Contains("max_window_bytes"));
  CHECK_THAT(job_failure(address + "?max_window_bytes=134217727"), Catch::Contains("134217727"));
  CHECK(read_source(address + "?max_window_bytes=134217728", into).size() ==
        content.size() / (kRow.size() + 1));
}
