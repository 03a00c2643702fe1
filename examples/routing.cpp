// Log lines of several services: errors go where people are called, slow requests where they are counted, and all else to the archive.
// With --on-error log=dead_letter, lines that cannot be read go to a sink of their own, with what is wrong with them.

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Line {
  std::string_view service;
  weir::EventTime time;
  std::string_view level;
  std::int32_t millis;  // that the request took
  std::string_view message;
};
BOOST_DESCRIBE_STRUCT(Line, (), (service, time, level, millis, message))

enum class Way { kError, kSlow, kArchive };

Way way_of(const Line& line) {
  if (line.level == "error" || line.level == "fatal") return Way::kError;
  return line.millis >= 1000 ? Way::kSlow : Way::kArchive;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::main(argc, argv, "routing", [](weir::Pipeline& pipeline) {
    auto [errors, slow, archive] = pipeline.source<Line>("log", "file:tests/routing/log.jsonl")
                                       .event_time(&Line::time, weir::bounded_out_of_orderness(1min))
                                       .route<3>(way_of);
    errors.sink("errors", "print:");
    slow.sink("slow", "discard:");
    archive.sink("archive", "discard:");
  });
}
