#include <map>

#include <catch2/catch.hpp>

#include "job_fixture.hpp"

namespace weir {
namespace {

/// Remembers what connectors were given.
class RecordingConnectors final : public Connectors {
 public:
  RecordingConnectors(CollectedRows& rows, std::map<std::string, std::size_t>& memory)
      : collecting_(rows), memory_(memory) {}
  std::unique_ptr<Source> source(const ConnectorUri& uri, const ConnectorContext& context,
                                 const SourceOptions& options) override {
    return collecting_.source(uri, context, options);
  }
  std::unique_ptr<Sink> sink(const ConnectorUri& uri, const ConnectorContext& context) override {
    memory_[context.name] = context.memory_bytes;
    return collecting_.sink(uri, context);
  }

 private:
  CollectingConnectors collecting_;
  std::map<std::string, std::size_t>& memory_;
};

TEST_CASE("Connectors share an eighth of the memory", "[job][memory]") {
  Machine machine;
  std::map<std::string, std::size_t> memory;
  JobWorld world = machine.world();
  world.connectors = [&] { return std::make_unique<RecordingConnectors>(machine.rows, memory); };
  JobOptions options = quick_options();
  options.memory_bytes = 128 << 20;
  Job job(summing(), options, std::move(world));
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(memory ==
        std::map<std::string, std::size_t>{{"results", std::size_t{8} << 20}});  // of source and sink
}

}  // namespace
}  // namespace weir
