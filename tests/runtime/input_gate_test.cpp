#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "input_gate.hpp"
#include "rows.hpp"

namespace weir {

namespace {

struct Rig {
  explicit Rig(std::size_t inputs, std::size_t edges = 100) : gate(make_gate(inputs, edges)) {}

  InputGate make_gate(std::size_t inputs, std::size_t edges) {
    std::vector<InputGate::Input> ends;
    for (std::size_t i = 0; i < inputs; ++i) {
      channels.push_back(std::make_unique<Channel>(nullptr, nullptr));
      ends.push_back(
          {channels.back().get(), static_cast<std::uint32_t>(i), "edge " + std::to_string(i % edges)});
    }
    return InputGate(std::move(ends));
  }
  void send(std::size_t input, Element element) { REQUIRE(channels[input]->try_send(element)); }
  void send(std::size_t input, Element::Kind kind, std::int64_t watermark = 0, Epoch epoch = kNoEpoch) {
    send(input, mark(kind, watermark, epoch));
  }
  /// All events there are now, as text.
  std::string events() {
    std::string text;
    while (true) {
      const InputGate::Event event = gate.next();
      switch (event.kind) {
        case InputGate::Kind::kNothing:
          return text;
        case InputGate::Kind::kRows:
          for (const int row : numbers(*event.rows))
            text += std::to_string(event.input) + ":" + std::to_string(row) + " ";
          gate.done_with_rows();
          break;
        case InputGate::Kind::kWatermark:
          text += "w" + std::to_string(event.watermark.millis) + " ";
          break;
        case InputGate::Kind::kIdle:
          text += "idle ";
          break;
        case InputGate::Kind::kActive:
          text += "active ";
          break;
        case InputGate::Kind::kBarrier:
          text += "b" + std::to_string(event.epoch) + " ";
          break;
        case InputGate::Kind::kEnd:
          text += "end ";
          break;
      }
    }
  }

  std::vector<std::unique_ptr<Channel>> channels;
  InputGate gate;
};

using Kind = Element::Kind;

}  // namespace

TEST_CASE("InputGate holds back the rows behind a barrier until all inputs have delivered it") {
  Rig rig(2);
  rig.send(0, rows_of({1}));
  rig.send(0, Kind::kBarrier, 0, 7);
  rig.send(0, rows_of({2}));
  CHECK(rig.events() == "0:1 ");
  rig.send(1, rows_of({3}));
  CHECK(rig.events() == "1:3 ");
  rig.send(1, Kind::kBarrier, 0, 7);
  rig.send(1, rows_of({4}));
  const std::string after = rig.events();
  CHECK((after == "b7 0:2 1:4 " || after == "b7 1:4 0:2 "));
}

TEST_CASE("InputGate gives the smallest watermark of its inputs, when it moves") {
  Rig rig(2);
  rig.send(0, Kind::kWatermark, 10);
  CHECK(rig.events().empty());
  rig.send(1, Kind::kWatermark, 5);
  rig.send(1, Kind::kWatermark, 8);
  CHECK(rig.events() == "w5 w8 ");
  rig.send(1, Kind::kWatermark, 20);
  CHECK(rig.events() == "w10 ");
}

TEST_CASE("InputGate leaves idle edges out until they are active again") {
  Rig rig(2);
  rig.send(0, Kind::kWatermark, 10);
  rig.send(1, Kind::kIdle);
  CHECK(rig.events() == "w10 ");
  rig.send(1, Kind::kActive);
  rig.send(1, rows_of({1}));
  CHECK(rig.events() == "1:1 ");
  rig.send(0, Kind::kWatermark, 20);
  CHECK(rig.events().find("w") == std::string::npos);  // the returned one has not said how far it is
  rig.send(1, Kind::kWatermark, 15);
  CHECK(rig.events() == "w15 ");
  rig.send(0, Kind::kIdle);
  CHECK(rig.events().empty());
  rig.send(1, Kind::kIdle);
  CHECK(rig.events() == "idle ");
  rig.send(0, Kind::kActive);
  rig.send(1, Kind::kActive);
  CHECK(rig.events() == "active ");
}

TEST_CASE("InputGate leaves out an edge of several workers only when all of them are idle") {
  Rig rig(3, 2);  // inputs 0 and 2 are one edge
  rig.send(0, Kind::kWatermark, 10);
  rig.send(2, Kind::kWatermark, 12);
  rig.send(1, Kind::kWatermark, 50);
  CHECK(rig.events() == "w10 ");
  rig.send(0, Kind::kIdle);
  rig.send(2, Kind::kWatermark, 30);
  CHECK(rig.events().empty());  // the rest of the edge will be idle too, or input 0 will come back
  rig.send(2, Kind::kIdle);
  CHECK(rig.events() == "w50 ");
}

TEST_CASE(
    "InputGate gives the same watermark at a barrier in whatever order it reads the inputs of an edge") {
  const auto send = [](Rig& rig, std::size_t input) {
    rig.send(input, Kind::kWatermark, input == 0 ? 10 : 20);
    rig.send(input, Kind::kIdle);
    rig.send(input, Kind::kActive);
    rig.send(input, Kind::kWatermark, input == 0 ? 30 : 60);
    rig.send(input, Kind::kBarrier, 0, 1);
  };
  const auto last = [](const std::string& events) { return events.substr(events.rfind('w')); };
  Rig one(2, 1), other(2, 1);
  send(one, 0);
  std::string first = one.events();
  send(one, 1);
  first += one.events();
  send(other, 1);
  std::string second = other.events();
  send(other, 0);
  second += other.events();
  CHECK(last(first) == "w30 b1 ");
  CHECK(last(second) == "w30 b1 ");
}

TEST_CASE("InputGate hears of inputs that are active again before it goes on with others") {
  Rig rig(3);
  for (std::size_t input = 0; input < 3; ++input) rig.send(input, Kind::kWatermark, 10);
  rig.send(2, Kind::kIdle);
  CHECK(rig.events() == "w10 ");
  for (std::size_t input = 0; input < 2; ++input) rig.send(input, Kind::kWatermark, 50);
  rig.send(2, Kind::kActive);
  rig.send(2, rows_of({20}));
  rig.send(2, Kind::kWatermark, 30);
  CHECK(rig.events() == "2:20 w30 ");
}

TEST_CASE("InputGate is idle when its inputs are idle or have ended, and does not jump to the end of time") {
  Rig rig(2);
  const bool end_first = GENERATE(true, false);
  const auto end_one = [&] {
    rig.send(1, Kind::kWatermark, EventTime::max().millis);
    rig.send(1, Kind::kEnd);
  };
  if (end_first) end_one();
  rig.send(0, Kind::kIdle);
  if (!end_first) end_one();
  CHECK(rig.events() == "idle ");
  rig.send(0, Kind::kActive);
  rig.send(0, rows_of({1}));
  rig.send(0, Kind::kWatermark, 5);
  CHECK(rig.events() == "active 0:1 w5 ");
  rig.send(0, Kind::kWatermark, EventTime::max().millis);
  rig.send(0, Kind::kEnd);
  CHECK(rig.events() == "w" + std::to_string(EventTime::max().millis) + " end ");
}

TEST_CASE("InputGate ends once, when all inputs have, and still aligns barriers") {
  Rig rig(2);
  rig.send(0, Kind::kEnd);
  CHECK(rig.events().empty());
  rig.send(0, Kind::kBarrier, 0, 3);
  rig.send(1, rows_of({1}));
  rig.send(1, Kind::kBarrier, 0, 3);
  rig.send(1, Kind::kEnd);
  CHECK(rig.events() == "1:1 b3 end ");
  rig.send(0, Kind::kBarrier, 0, 4);
  rig.send(1, Kind::kBarrier, 0, 4);
  CHECK(rig.events() == "b4 ");
}

TEST_CASE("InputGate reads its inputs in turn") {
  Rig rig(3);
  for (int n = 0; n < 4; ++n)
    for (std::size_t input = 0; input < 3; ++input) rig.send(input, rows_of({n}));
  CHECK(rig.events() == "1:0 2:0 0:0 1:1 2:1 0:1 1:2 2:2 0:2 1:3 2:3 0:3 ");
}

TEST_CASE("InputGate's ledger counts what each edge gave") {
  Rig rig(2);
  const Element sent = rows_of({1, 2});
  rig.send(0, rows_of({1, 2}));
  rig.events();
  auto received = rig.gate.take_received();
  REQUIRE(received.size() == 2);
  CHECK(received[0].edge == "edge 0");
  CHECK(received[0].digest == sent.rows->digest());
  CHECK(received[1].digest == Digest{});
  CHECK(rig.gate.take_received()[0].digest == Digest{});
  CHECK(rig.gate.rows_received() == 2);
}

}  // namespace weir
