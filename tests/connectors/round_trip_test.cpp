#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdio>
#include <random>

#include "csv_format.hpp"
#include "format.hpp"
#include "rows.hpp"
#include "temp_dir.hpp"

using rows::Everything;

namespace {

constexpr std::size_t kRows = 400;

/// Rows with the values that codecs trip over: ends of ranges, quotes, line ends, other alphabets.
class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  void fill(weir::RowBatch<Everything>& batch) {
    while (batch.size() < kRows) {
      Everything row;
      row.on = random_() % 2 == 0;
      row.i8 = integer<std::int8_t>(), row.i16 = integer<std::int16_t>(), row.i32 = integer<std::int32_t>();
      row.i64 = integer<std::int64_t>(), row.u8 = integer<std::uint8_t>(), row.u16 = integer<std::uint16_t>();
      row.u32 = integer<std::uint32_t>(), row.u64 = integer<std::uint64_t>();
      row.d = real();
      row.f = static_cast<float>(std::fmod(real(), 1e30));
      row.text = batch.arena().copy(text());
      row.owned = text();
      row.at = {integer<std::int64_t>() / 2};
      row.place = {batch.arena().copy(text()), integer<std::int16_t>()};
      if (random_() % 2 == 0) row.maybe = integer<std::int32_t>();
      if (random_() % 2 == 0) row.note = batch.arena().copy(text());
      batch.append(row, weir::EventTime::min());
    }
  }

 private:
  template <class T>
  T integer() {
    switch (random_() % 4) {
      case 0:
        return std::numeric_limits<T>::min();
      case 1:
        return std::numeric_limits<T>::max();
      case 2:
        return static_cast<T>(random_() % 100);
      default:
        return static_cast<T>(random_());
    }
  }
  double real() {
    if (random_() % 3 == 0) return static_cast<double>(random_() % 1000) / 8;
    const double value = std::bit_cast<double>(random_());
    return std::isfinite(value) ? value : -0.0;
  }
  std::string text() {
    static const std::vector<std::string> kPieces = {"a",
                                                     "Zürich",
                                                     "\"",
                                                     "\"\"",
                                                     ",",
                                                     "\n",
                                                     "\r\n",
                                                     "\r",
                                                     "\\",
                                                     "\t",
                                                     "NA",
                                                     "null",
                                                     " ",
                                                     "'",
                                                     ";",
                                                     "\x01",
                                                     "日本",
                                                     "{}",
                                                     "\xF0\x9F\x98\x80",
                                                     "\\u0041"};
    std::string out;
    for (std::size_t n = random_() % 5; n > 0; --n) out += kPieces[random_() % kPieces.size()];
    return out;
  }
  std::mt19937_64 random_;
};

std::string oracle(const std::string& script, const std::string& file) {
  const std::string command = "python3 -c '" + script + "' " + file + " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char block[4096];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) out.append(block, got);
  REQUIRE(::pclose(pipe) == 0);
  return out;
}

std::string encode_all(const std::string& format, const weir::Batch& batch) {
  auto encoder = weir::make_encoder(format, weir::row_schema<Everything>());
  std::string out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    encoder->encode(batch.row(i), out);
    out += '\n';
  }
  return out;
}

}  // namespace

TEST_CASE("JSON that Python has read and written again decodes to the same rows") {
  weir::RowBatch<Everything> original(kRows), again(kRows);
  RandomRows(GENERATE(1, 2, 3)).fill(original);
  const std::string ours = encode_all("json", original);
  const TempDir dir;
  const std::string theirs = oracle(
      "import json,sys\n"
      "for line in open(sys.argv[1], encoding=\"utf-8\", newline=\"\\n\"):\n"
      "    row = json.loads(line)\n"
      "    items = list(row.items())\n"
      "    print(json.dumps(dict(items[len(line) % 3:] + items[:len(line) % 3]), ensure_ascii=len(line) % 2 "
      "== 0))\n",
      dir.write("rows.jsonl", ours));
  auto decoder = weir::make_decoder("json", weir::row_schema<Everything>());
  std::string reason;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    const std::size_t end = theirs.find('\n', begin);
    REQUIRE(end != std::string::npos);
    const bool ok = decoder->decode(std::string_view(theirs).substr(begin, end - begin), again, reason);
    INFO(theirs.substr(begin, end - begin) << "\n" << reason);
    REQUIRE(ok);
    begin = end + 1;
  }
  CHECK((encode_all("json", again) == ours));
}

TEST_CASE("CSV that Python has read and written again decodes to the same rows") {
  weir::RowBatch<Everything> original(kRows), again(kRows);
  RandomRows(GENERATE(4, 5, 6)).fill(original);
  // Python's reader cannot tell an empty text from an absent one, so there are none here.
  for (Everything& row : original.rows())
    if (row.note && (row.note->empty() || *row.note == "NA")) row.note.reset();
  const TempDir dir;
  const std::string file = dir.write("rows.csv", encode_all("csv", original));
  const std::string theirs = oracle(
      "import csv,sys\n"
      "sys.stdout.reconfigure(encoding=\"utf-8\", newline=\"\")\n"
      "out = csv.writer(sys.stdout, lineterminator=\"\\x1e\", quoting=csv.QUOTE_MINIMAL)\n"
      "for row in csv.reader(open(sys.argv[1], encoding=\"utf-8\", newline=\"\")): out.writerow(row)\n",
      file);
  auto decoder = weir::make_decoder("csv", weir::row_schema<Everything>());
  std::string reason;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    const std::size_t end = theirs.find('\x1e', begin);
    REQUIRE(end != std::string::npos);
    const bool ok = decoder->decode(std::string_view(theirs).substr(begin, end - begin), again, reason);
    INFO(theirs.substr(begin, end - begin) << "\n" << reason);
    REQUIRE(ok);
    begin = end + 1;
  }
  CHECK((encode_all("json", again) == encode_all("json", original)));
}

TEST_CASE("Rows survive their own CSV, absent and empty text included") {
  weir::RowBatch<Everything> original(kRows), again(kRows);
  RandomRows(GENERATE(7, 8)).fill(original);
  auto encoder = weir::make_encoder("csv", weir::row_schema<Everything>());
  auto decoder = weir::make_decoder("csv", weir::row_schema<Everything>());
  std::string reason;
  for (std::size_t i = 0; i < kRows; ++i) {
    std::string line;
    encoder->encode(original.row(i), line);
    INFO(line << "\n" << reason);
    REQUIRE(decoder->decode(line, again, reason));
  }
  CHECK((encode_all("json", again) == encode_all("json", original)));
}

TEST_CASE("Damaged records are refused or read, and never read past") {
  weir::RowBatch<Everything> original(kRows);
  RandomRows(9).fill(original);
  std::mt19937_64 random(10);
  const std::string format = GENERATE("json", "csv");
  auto encoder = weir::make_encoder(format, weir::row_schema<Everything>());
  auto decoder = weir::make_decoder(format, weir::row_schema<Everything>());
  weir::RowBatch<Everything> out;
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line;
    encoder->encode(original.row(random() % kRows), line);
    for (std::size_t flips = 1 + random() % 3; flips > 0; --flips)
      line[random() % line.size()] = static_cast<char>(random());
    if (random() % 8 == 0) line.resize(random() % line.size());
    // A block of exactly that size: a read past its end is one past an allocation.
    const std::vector<char> exact(line.begin(), line.end());
    std::string reason;
    const bool ok = decoder->decode({exact.data(), exact.size()}, out, reason);
    refused += ok ? 0 : 1;
    REQUIRE((ok || !reason.empty()));
    if (out.size() > 200) out.clear();
  }
  CHECK(refused > 5'000);
}
