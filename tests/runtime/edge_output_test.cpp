#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "rows.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

struct Rig {
  explicit Rig(std::size_t targets) {
    std::vector<Channel*> ends;
    for (std::size_t t = 0; t < targets; ++t) {
      channels.push_back(std::make_unique<Channel>(nullptr, nullptr));
      ends.push_back(channels.back().get());
    }
    output = std::make_unique<EdgeOutput>(number_edge(), "a → b", 128, std::move(ends));
  }
  void append(std::uint32_t target, int row) {
    auto& batch = static_cast<RowBatch<int>&>(output->open(target));
    batch.append(row, EventTime{row});
    if (batch.full()) output->ship(target);
  }
  /// What lies in a channel, as text: rows by their number, marks by a letter.
  std::string arrived(std::size_t target) {
    std::string text;
    while (Element* element = channels[target]->front()) {
      switch (element->kind) {
        case Element::Kind::kRows:
          for (const int row : numbers(*element->rows)) text += std::to_string(row) + " ";
          text += "| ";
          break;
        case Element::Kind::kWatermark:
          text += "w" + std::to_string(element->watermark.millis) + " ";
          break;
        case Element::Kind::kIdle:
          text += "idle ";
          break;
        case Element::Kind::kActive:
          text += "active ";
          break;
        case Element::Kind::kBarrier:
          text += "b" + std::to_string(element->epoch) + " ";
          break;
        case Element::Kind::kEnd:
          text += "end ";
          break;
      }
      channels[target]->pop();
    }
    return text;
  }

  std::vector<std::unique_ptr<Channel>> channels;
  std::unique_ptr<EdgeOutput> output;
};

}  // namespace

TEST_CASE("EdgeOutput sends rows before the marks that follow them, to every target") {
  Rig rig(2);
  rig.append(0, 1);
  rig.append(1, 2);
  rig.append(0, 3);
  rig.output->broadcast(Element::Kind::kWatermark, EventTime{9}, kNoEpoch);
  rig.append(1, 4);
  rig.output->broadcast(Element::Kind::kBarrier, {}, 5);
  rig.output->broadcast(Element::Kind::kIdle, {}, kNoEpoch);
  rig.output->broadcast(Element::Kind::kEnd, {}, kNoEpoch);
  CHECK(rig.arrived(0) == "1 3 | w9 b5 idle end ");
  CHECK(rig.arrived(1) == "2 | w9 4 | b5 idle end ");
  CHECK(rig.output->drain());
}

TEST_CASE("EdgeOutput tells every target that it is active again, before rows for one of them") {
  Rig rig(2);
  rig.output->broadcast(Element::Kind::kActive, {}, kNoEpoch);  // it is
  rig.append(0, 1);
  rig.output->broadcast(Element::Kind::kIdle, {}, kNoEpoch);
  rig.output->broadcast(Element::Kind::kIdle, {}, kNoEpoch);
  rig.output->broadcast(Element::Kind::kBarrier, {}, 5);
  rig.append(1, 2);
  rig.output->flush();
  rig.output->broadcast(Element::Kind::kIdle, {}, kNoEpoch);
  rig.output->broadcast(Element::Kind::kWatermark, EventTime{9}, kNoEpoch);
  CHECK(rig.arrived(0) == "1 | idle b5 active idle active w9 ");
  CHECK(rig.arrived(1) == "idle b5 active 2 | idle active w9 ");
}

TEST_CASE("EdgeOutput sends a batch when it is full, or has waited for the linger") {
  Rig rig(2);
  for (int n = 0; n < 1024; ++n) rig.append(0, n);
  REQUIRE(rig.channels[0]->front());
  CHECK(numbers(*rig.channels[0]->front()->rows).size() == 1024);
  rig.channels[0]->pop();
  rig.append(1, 7);
  rig.output->flush_waiting(1000us, 200us);  // sees it for the first time
  rig.output->flush_waiting(1199us, 200us);
  CHECK(rig.arrived(1).empty());
  rig.append(1, 8);
  rig.output->flush_waiting(1200us, 200us);
  CHECK(rig.arrived(1) == "7 8 | ");
  rig.append(1, 9);
  rig.output->flush_waiting(1300us, 200us);  // waits anew
  CHECK(rig.arrived(1).empty());
  rig.output->flush();
  CHECK(rig.arrived(1) == "9 | ");
  CHECK(rig.arrived(0).empty());
}

TEST_CASE("EdgeOutput keeps what finds a full channel, in order, and sends it when there is room") {
  Rig rig(2);
  std::string expected;
  for (int n = 0; n < 40; ++n) {
    rig.append(0, n);
    rig.output->ship(0);
    expected += std::to_string(n) + " | ";
    rig.output->broadcast(Element::Kind::kWatermark, EventTime{n}, kNoEpoch);
    expected += "w" + std::to_string(n) + " ";
  }
  CHECK_FALSE(rig.output->drain());
  CHECK_FALSE(rig.output->drain());
  std::string arrived, other;
  for (int round = 0; round < 100 && !rig.output->drain(); ++round) {
    arrived += rig.arrived(0);
    other += rig.arrived(1);
  }
  arrived += rig.arrived(0);
  CHECK(arrived == expected);
  CHECK_THAT(other + rig.arrived(1), Catch::StartsWith("w0 w1 w2 ") && Catch::EndsWith("w39 "));
}

TEST_CASE("EdgeOutput's ledger counts what was shipped, not what is still being gathered") {
  Rig rig(1);
  rig.append(0, 1);
  rig.append(0, 2);
  CHECK(rig.output->take_sent() == Digest{});
  CHECK(rig.output->rows_sent() == 0);
  rig.output->broadcast(Element::Kind::kBarrier, {}, 1);
  const Digest sent = rig.output->take_sent();
  CHECK(sent == rig.channels[0]->front()->rows->digest());
  CHECK(sent.count == 2);
  CHECK(rig.output->take_sent() == Digest{});
  CHECK(rig.output->rows_sent() == 2);
}

}  // namespace weir
