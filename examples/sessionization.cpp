// Clicks on a site, put together into visits: a visitor's clicks that follow each other within half an hour. For each visit its length, how
// many pages were seen, where it began and ended. Clicks come out of order, as phones send them: one that comes late makes its visit
// known once more, corrected; those that come hours late go to a side output.
// Input: clicks as JSON lines (tests/sessionization/clicks.jsonl), or a topic of them.

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Click {
  std::string_view visitor;
  weir::EventTime time;
  std::string_view page;
};
BOOST_DESCRIBE_STRUCT(Click, (), (visitor, time, page))

struct Visit {
  std::string_view visitor;
  weir::EventTime began;
  std::int64_t seconds;  // from the first click to the last
  std::int64_t pages;
  std::string_view entry_page;
  std::string_view exit_page;
  bool corrected;  // replaces what was said of this visitor and time before
};
BOOST_DESCRIBE_STRUCT(Visit, (), (visitor, began, seconds, pages, entry_page, exit_page, corrected))

struct Pages {
  std::int64_t seen = 0;
  weir::EventTime first = weir::EventTime::max();
  weir::EventTime last = weir::EventTime::min();
  std::string entry_page;
  std::string exit_page;
};
BOOST_DESCRIBE_STRUCT(Pages, (), (seen, first, last, entry_page, exit_page))

struct VisitOfPages {
  using Accumulator = Pages;

  std::string_view lift(const Click& click) const { return click.page; }
  void add(Pages& pages, std::string_view page, weir::Arrival arrival) const {
    ++pages.seen;
    if (arrival.time < pages.first) {
      pages.first = arrival.time;
      pages.entry_page = page;
    }
    if (arrival.time >= pages.last) {
      pages.last = arrival.time;
      pages.exit_page = page;
    }
  }
  // Parts of a visit that a click between them brought together.
  void merge(Pages& pages, const Pages& other) const {
    pages.seen += other.seen;
    if (other.first < pages.first) {
      pages.first = other.first;
      pages.entry_page = other.entry_page;
    }
    if (other.last > pages.last) {
      pages.last = other.last;
      pages.exit_page = other.exit_page;
    }
  }
  Visit result(std::string_view visitor, const weir::Window& visit, weir::WindowPane pane,
               const Pages& pages) const {
    const auto length = std::chrono::duration_cast<std::chrono::seconds>(pages.last - pages.first);
    return {visitor,
            visit.start,
            length.count(),
            pages.seen,
            pages.entry_page,
            pages.exit_page,
            pane.kind == weir::PaneKind::kLate};
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<weir::Parameter> parameters{
      {"gap", weir::ParameterKind::kDuration, "30min", "how long a visitor may be quiet within a visit"},
      {"lateness", weir::ParameterKind::kDuration, "1h", "how long visits are corrected by late clicks"},
  };
  return weir::main(argc, argv, "sessionization", parameters,
                    [](weir::Pipeline& pipeline, const weir::Settings& settings) {
                      auto visits = pipeline.source<Click>("clicks", "file:tests/sessionization/clicks.jsonl")
                                        .event_time(&Click::time, weir::bounded_out_of_orderness(2min))
                                        .idle_after(30s)
                                        .key_by(&Click::visitor)
                                        .window(weir::session(settings.duration("gap"))
                                                    .allowed_lateness(settings.duration("lateness"))
                                                    .at_most(12h))
                                        .late_rows()
                                        .aggregate("sessions", VisitOfPages{});
                      visits.sink("visits", "print:");
                      visits.late().sink("late", "print:");
                    });
}
