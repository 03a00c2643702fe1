#include <catch2/catch.hpp>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;
using Lines = std::vector<std::string>;

namespace {

std::vector<std::optional<std::string>> numbered(const std::string& stem, int from, int to) {
  std::vector<std::optional<std::string>> lines;
  for (int i = from; i < to; ++i) lines.push_back(fmt::format("{}-{}", stem, i));
  return lines;
}

/// Where a job stands that has read everything.
Position position_after(const std::string& topic) {
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  auto reader = source->open("0", std::nullopt, {});
  read_until(*reader, ReadStatus::kEnd);
  return reader->position();
}

std::string refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kStateUnusable);
    return failure.what();
  }
  FAIL("nothing was refused");
  return "";
}

/// What going on at `position` ends with.
std::string refusal_of(const std::string& topic, const Position& position,
                       SourceOptions options = bounded()) {
  return refusal([&] {
    Attempt attempt("reader");
    auto source = attempt.source(at(topic), options);
    auto reader = source->open("0", position, {});
    Collected none;
    eventually([&] {
      const ReadStatus status = none.read(*reader);
      CHECK(none.lines.empty());
      return status == ReadStatus::kEnd || status == ReadStatus::kCaughtUp;
    });
  });
}

}  // namespace

TEST_CASE("A position carries the fingerprint of the last record, and goes on where that is still there",
          "[kafka]") {
  const auto topic = fresh("same");
  make_topic(topic);
  produce_plainly(topic, numbered("row", 0, 3));
  const Position position = position_after(topic);
  CHECK(position.offset == 3);
  CHECK_THAT(position.detail, Catch::StartsWith("record=2 timestamp=") && Catch::Contains(" hash="));
  produce_plainly(topic, numbered("row", 3, 5));
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  auto reader = source->open("0", position, {});
  CHECK(reader->position() == position);
  CHECK(read_until(*reader, ReadStatus::kEnd).lines == Lines{"row-3", "row-4"});
  auto without_detail = source->open("0", Position{4, {}}, {});
  CHECK(read_until(*without_detail, ReadStatus::kEnd).lines == Lines{"row-4"});
}

TEST_CASE("A topic made anew is refused at a position of the old one, however much it holds", "[kafka]") {
  const auto topic = fresh("anew");
  make_topic(topic);
  produce_plainly(topic, numbered("old", 0, 10));
  const Position position = position_after(topic);
  for (const int records : {10, 25}) {
    make_anew(topic);
    produce_plainly(topic, numbered("new", 0, records));
    for (const auto& options : {bounded(), SourceOptions{}})
      CHECK_THAT(refusal_of(topic, position, options),
                 Catch::Contains(topic) && Catch::Contains("partition 0") && Catch::Contains("made anew") &&
                     Catch::Contains("before offset 10") && Catch::Contains("--from earliest"));
  }
  make_anew(topic);
  produce_plainly(topic, numbered("new", 0, 4));
  CHECK_THAT(refusal_of(topic, position), Catch::Contains("offset 10 is wanted") &&
                                              Catch::Contains("holds 0 to 4") &&
                                              Catch::Contains("missing=ignore"));
}

TEST_CASE("A topic made anew behind a position at a transaction's end is refused", "[kafka]") {
  const auto topic = fresh("anew-markers");
  {
    Writing writing(fresh("job"), topic);
    writing.commit(1, {"a", "b"});
    committed_messages(topic, 2);
  }
  const Position position = position_after(topic);
  CHECK(position.offset == 3);
  CHECK_THAT(position.detail, Catch::StartsWith("record=1 "));
  make_anew(topic);
  produce_plainly(topic, numbered("new", 0, 7));
  CHECK_THAT(refusal_of(topic, position), Catch::Contains("made anew"));
}

TEST_CASE("A record before the position that compaction or retention has removed is no reason to refuse",
          "[kafka]") {
  const auto topic = fresh("shortened");
  make_topic(topic);
  produce_plainly(topic, numbered("row", 0, 6));
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  Position position;
  {
    auto reader = source->open("0", std::nullopt, {});
    Collected some;
    eventually([&] { return some.read(*reader, 4) == ReadStatus::kRows && reader->position().offset == 4; });
    position = reader->position();
  }
  delete_records(topic, 4);
  CHECK(read_until(*source->open("0", position, {}), ReadStatus::kEnd).lines == Lines{"row-4", "row-5"});
}

TEST_CASE("A topic made anew while it is read is noticed before any of its rows is handed over", "[kafka]") {
  const auto topic = fresh("meanwhile");
  make_topic(topic);
  produce_plainly(topic, numbered("old", 0, 10));
  Attempt attempt("reader");
  auto source = attempt.source(at(topic));
  auto reader = source->open("0", std::nullopt, {});
  Collected collected;
  eventually([&] { return collected.read(*reader) == ReadStatus::kCaughtUp; });
  REQUIRE(collected.lines.size() == 10);
  make_anew(topic);
  produce_plainly(topic, numbered("new", 0, 1'000));
  try {
    eventually([&] {
      collected.read(*reader);
      return false;
    });
    FAIL("it was not noticed");
  } catch (const FailJob& failure) {
    CHECK_THAT(failure.what(), Catch::Contains("made anew") && Catch::Contains("before offset 10"));
  } catch (const RestartJob& failure) {  // the new topic was seen while it held less
    INFO(failure.what());
    CHECK_THAT(
        refusal([&] { read_until(*source->open("0", reader->position(), {}), ReadStatus::kCaughtUp); }),
        Catch::Contains("made anew"));
  }
  CHECK(collected.lines.size() == 10);
}

TEST_CASE("A topic made anew while a reader waits behind its end, where it has read nothing, is noticed",
          "[kafka]") {
  const auto topic = fresh("latest");
  make_topic(topic);
  produce_plainly(topic, numbered("old", 0, 10));
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), {StartAt::kLatest, false});
  auto reader = source->open("0", std::nullopt, {});
  Collected collected;
  eventually([&] { return collected.read(*reader) == ReadStatus::kCaughtUp; });
  CHECK_THAT(reader->position().detail, Catch::StartsWith("record=9 "));
  make_anew(topic);
  produce_plainly(topic, numbered("new", 0, 1'000));
  CHECK_THROWS(eventually(
      [&] {
        collected.read(*reader);
        return false;
      },
      std::chrono::seconds{10}));
  CHECK(collected.lines.empty());
}

TEST_CASE("Partitions that a topic has no more are refused, unless the address says to pass over them",
          "[kafka]") {
  const auto topic = fresh("fewer");
  make_topic(topic, 2);
  const std::vector<RestoredPartition> restored{{"0", {0, {}}}, {"1", {5, {}}}, {"2", {7, {}}, true}};
  Attempt attempt("reader");
  CHECK_THAT(refusal([&] { attempt.source(at(topic))->check_restored(restored); }),
             Catch::Contains(topic) && Catch::Contains("partition 2") && Catch::Contains("offset 7") &&
                 Catch::Contains("it has 2") && Catch::Contains("missing=ignore"));
  attempt.source(at(topic, "format=raw&missing=ignore"))->check_restored(restored);
  REQUIRE(attempt.warnings().size() == 1);
  CHECK_THAT(attempt.warnings()[0], Catch::Contains("partition 2") && Catch::Contains("left out"));
}

TEST_CASE("A partition that a checkpoint does not know begins at its beginning, even with --from latest",
          "[kafka]") {
  const auto topic = fresh("added");
  make_topic(topic, 2);
  produce_plainly(topic, numbered("row", 0, 3));
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), {StartAt::kLatest, false});
  CHECK(source->first_positions_move());
  source->check_restored({{"1", {0, {}}}});
  auto added = source->open("0", std::nullopt, {});
  CHECK(added->position().offset == 0);
  CHECK(read_until(*added, ReadStatus::kCaughtUp).lines == Lines{"row-0", "row-1", "row-2"});
}
